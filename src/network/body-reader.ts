/**
 * Reads a response body in pieces of exactly the sizes asked, into buffers that the caller provides: by BYOB
 * where the body is a byte stream (browsers, Node), by copying where it is not.
 */
export type BodyReader = {
  /**
   * Fills `buffer` from its start with `byteCount` bytes. The buffer passed in may be detached: go on with the
   * one returned. Undefined when the body ended before. `onBytes` is called when some arrived, at the latest after
   * 64 KiB: a slow line is not a dead one.
   */
  fill(buffer: ArrayBuffer, byteCount: number, onBytes?: () => void): Promise<ArrayBuffer | undefined>
  /** True when nothing is left; to be asked once all that was expected has been read. */
  atEnd(): Promise<boolean>
  /** Stops the transfer; safe to call at any time, also after the end. */
  cancel(reason?: unknown): Promise<void>
}

/** Fewer bytes do not wake the reader before its buffer is full: a wake costs more than they are worth. */
const wakeBytes = 65_536

export const readBody = (body: ReadableStream<Uint8Array<ArrayBuffer>>): BodyReader => {
  let reader: ReadableStreamBYOBReader
  try {
    reader = body.getReader({ mode: 'byob' })
  } catch {
    return readByCopying(body.getReader())
  }
  return {
    async fill(buffer, byteCount, onBytes) {
      let current = buffer
      let offset = 0
      while (offset < byteCount) {
        const { value, done } = await reader.read(new Uint8Array(current, offset, byteCount - offset), {
          min: Math.min(byteCount - offset, wakeBytes),
        })
        if (done || value === undefined) return undefined
        onBytes?.()
        current = value.buffer
        offset += value.byteLength
      }
      return current
    },
    async atEnd() {
      return (await reader.read(new Uint8Array(1))).done
    },
    cancel: reason => reader.cancel(reason).catch(() => {}),
  }
}

const readByCopying = (reader: ReadableStreamDefaultReader<Uint8Array>): BodyReader => {
  let rest = new Uint8Array(0) as Uint8Array
  const pull = async () => {
    while (rest.byteLength === 0) {
      const { value, done } = await reader.read()
      if (done) return false
      rest = value
    }
    return true
  }
  return {
    async fill(buffer, byteCount, onBytes) {
      const target = new Uint8Array(buffer, 0, byteCount)
      let offset = 0
      while (offset < byteCount) {
        if (!(await pull())) return undefined
        onBytes?.()
        const piece = rest.subarray(0, byteCount - offset)
        target.set(piece, offset)
        offset += piece.byteLength
        rest = rest.subarray(piece.byteLength)
      }
      return buffer
    },
    async atEnd() {
      return !(await pull())
    },
    cancel: reason => reader.cancel(reason).catch(() => {}),
  }
}
