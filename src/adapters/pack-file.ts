/** A file read and written in place at once: what a browser's FileSystemSyncAccessHandle is. */
export type PackFile = {
  /** Bytes read into `bytes` from `at` on; fewer only at the end of the file. */
  read(bytes: Uint8Array, options: { readonly at: number }): number
  /** Bytes written. Beyond its end the file grows; what lies between is zero. */
  write(bytes: Uint8Array, options: { readonly at: number }): number
  getSize(): number
  truncate(byteCount: number): void
  /** Makes what was written survive the loss of power. */
  flush(): void
  close(): void
}

const pageBytes = 1_048_576

/** A file in memory, which takes as much of it as was written to. */
export const createMemoryFile = (): PackFile => {
  const pages = new Map<number, Uint8Array<ArrayBuffer>>()
  let size = 0
  const eachPage = (
    at: number,
    byteCount: number,
    visit: (page: number, from: number, to: number) => void,
  ) => {
    for (let start = at; start < at + byteCount; ) {
      const end = Math.min(at + byteCount, (Math.floor(start / pageBytes) + 1) * pageBytes)
      visit(Math.floor(start / pageBytes), start, end)
      start = end
    }
  }
  return {
    read(bytes, { at }) {
      const byteCount = Math.max(0, Math.min(bytes.length, size - at))
      eachPage(at, byteCount, (number, from, to) => {
        const page = pages.get(number)
        const into = bytes.subarray(from - at, to - at)
        if (page === undefined) into.fill(0)
        else into.set(page.subarray(from % pageBytes, (from % pageBytes) + to - from))
      })
      return byteCount
    },
    write(bytes, { at }) {
      eachPage(at, bytes.length, (number, from, to) => {
        const page = pages.get(number) ?? new Uint8Array(pageBytes)
        pages.set(number, page)
        page.set(bytes.subarray(from - at, to - at), from % pageBytes)
      })
      size = Math.max(size, at + bytes.length)
      return bytes.length
    },
    getSize: () => size,
    truncate(byteCount) {
      size = byteCount
      for (const number of [...pages.keys()]) if (number * pageBytes >= size) pages.delete(number)
      pages.get(Math.floor(size / pageBytes))?.fill(0, size % pageBytes)
    },
    flush() {},
    close() {},
  }
}
