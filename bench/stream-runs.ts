import type { PurchaseNonce } from '#std/brand.ts'
import { type CpuTimes, cpuBetween, readCpuTimes } from './cpu-times.ts'
import type { Page } from './devtools.ts'
import { digestAll, drainByDefault, drainByob } from './page-streams.ts'
import type { StreamStage } from './stream-stage.ts'
import { buyVideo, forgetVideos, stopPurchase, streamUrl } from './viewer.ts'

export type Run = { readonly bytes: number; readonly seconds: number; readonly cpu: CpuTimes }
/** One run of each, right after each other, with the same kind of reader. */
export type Pair = { readonly plain: Run; readonly paid: Run }
export type ReaderName = keyof typeof drains

const drains = { default: drainByDefault, byob: drainByob } as const

/**
 * The runs of one player page. Every paid run is a purchase of its own by a node that keeps nothing yet, so that each
 * byte is fetched and paid for.
 */
export class StreamRuns {
  readonly #stage: StreamStage
  readonly #page: Page
  /** What was bought, and read to its end, so far. */
  readonly purchases: PurchaseNonce[] = []

  constructor(stage: StreamStage, page: Page) {
    this.#stage = stage
    this.#page = page
  }

  async measurePair(reader: ReaderName): Promise<Pair> {
    const { film, plainUrl } = this.#stage
    const plain = await this.#measure(
      reader,
      film.segments.map(({ path }) => `${plainUrl}/${path}`),
    )
    return { plain, paid: await this.#withPurchase(urls => this.#measure(reader, urls)) }
  }

  /** Reads a purchase whole; throws if a byte of it is not the film's. */
  async checkBytes(): Promise<void> {
    const digests = await this.#withPurchase(urls => this.#page.evaluate(digestAll, urls))
    for (const [at, { path, sha256 }] of this.#stage.film.segments.entries())
      if (digests[at] !== sha256) throw new Error(`${path} came with other bytes: ${digests[at]}`)
  }

  async #withPurchase<T>(read: (urls: readonly string[]) => Promise<T>): Promise<T> {
    const purchase = await buyVideo(this.#page)
    const result = await read(this.#stage.film.segments.map(({ path }) => streamUrl(purchase, path)))
    await stopPurchase(this.#page, purchase)
    // A film is kept once it was paid for: only what is forgotten is fetched again.
    await forgetVideos(this.#page)
    this.purchases.push(purchase)
    return result
  }

  async #measure(reader: ReaderName, urls: readonly string[]): Promise<Run> {
    const { film, chromium, processes } = this.#stage
    const readTimes = () => readCpuTimes(chromium.pid, processes)
    const before = readTimes()
    const drained = await this.#page.evaluate(drains[reader], urls)
    const cpu = cpuBetween(before, readTimes())
    if (drained.bytes !== film.segmentBytes)
      throw new Error(`${drained.bytes} of ${film.segmentBytes} bytes came`)
    return { ...drained, cpu }
  }
}
