import type { StreamChannel } from './stream-channel.ts'

type Head = { readonly path: string; readonly ending: AbortController; tookMs: number | undefined }

/**
 * The heads of the segments that come next: when one was read to its end, the first leaf of the one after it is fetched,
 * so that nothing waits for a host when the player goes on. One leaf for each rendition, and no more: a leaf is paid for.
 */
export class SegmentAhead {
  readonly #channel: Pick<StreamChannel, 'read'>
  /** By the folder of its rendition. */
  readonly #heads = new Map<string, Head>()

  constructor(channel: Pick<StreamChannel, 'read'>) {
    this.#channel = channel
  }

  /**
   * A file is read now: how long its head took, if that is here. The head of another one of its rendition is no longer
   * wanted.
   */
  take(path: string): number | undefined {
    const folder = folderOf(path)
    const head = this.#heads.get(folder)
    this.#heads.delete(folder)
    if (head?.path === path) return head.tookMs
    head?.ending.abort()
    return undefined
  }

  /** A file was read to its end. */
  after(path: string): void {
    const next = nextSegment(path)
    if (next === undefined) return
    const head: Head = { path: next, ending: new AbortController(), tookMs: undefined }
    this.#heads.set(folderOf(path), head)
    // After the last segment there is none, and what fails is told to whoever really reads it.
    this.#fetch(head).catch(() => undefined)
  }

  end(): void {
    for (const { ending } of this.#heads.values()) ending.abort()
    this.#heads.clear()
  }

  /** A leaf comes whole, however little of it is asked for. */
  async #fetch(head: Head): Promise<void> {
    const { signal } = head.ending
    const startedAtMs = performance.now()
    const stream = await this.#channel.read(head.path, { first: 0, last: 0 }, signal)
    const cancel = (): void => stream.cancel()
    if (signal.aborted) return cancel()
    signal.addEventListener('abort', cancel)
    try {
      for (let bytes = await stream.next(); bytes !== undefined; bytes = await stream.next())
        stream.giveBack(bytes)
      head.tookMs = performance.now() - startedAtMs
    } finally {
      signal.removeEventListener('abort', cancel)
    }
  }
}

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1)

/** Segments are named by their numbers. */
const nextSegment = (path: string): string | undefined => {
  const name = /^(.*\/)(\d{1,9})(\.m4s)$/.exec(path)
  if (name === null) return undefined
  const [, folder, number, ending] = name
  return `${folder}${Number(number) + 1}${ending}`
}
