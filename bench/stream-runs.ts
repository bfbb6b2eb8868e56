import type { PurchaseNonce } from '#std/brand.ts'
import { type CpuTimes, cpuBetween, readCpuTimes } from './cpu-times.ts'
import type { Page } from './devtools.ts'
import { type Drained, digestAll, digestPort, drainByDefault, drainByob, drainPort } from './page-streams.ts'
import type { StreamStage } from './stream-stage.ts'
import { buyVideo, forgetVideos, stopPurchase, streamUrl } from './viewer.ts'

export type Run = { readonly bytes: number; readonly seconds: number; readonly cpu: CpuTimes }
/** How the film is read: plain or paid, and by which kind of reader. */
export type Way = 'plain' | 'plainByob' | 'port' | 'body' | 'bodyByob'
/** Plain and paid runs one right after the other. */
export type Round = Readonly<Record<Way, Run>>

/** A fast film, not the fastest that goes: what CPU costs while people watch. */
const pacedBytesPerMs = 12_500
const pacedSegments = 2

/**
 * The runs of one player page. Every paid run is a purchase of its own by a node that keeps nothing yet, so that each
 * byte is fetched and paid for.
 */
export class StreamRuns {
  readonly #stage: StreamStage
  readonly #page: Page
  /** What was bought, and the bytes that were read of it. */
  readonly purchases = new Map<PurchaseNonce, number>()

  constructor(stage: StreamStage, page: Page) {
    this.#stage = stage
    this.#page = page
  }

  async measureRound(): Promise<Round> {
    const urls = this.#plainUrls()
    const plain = await this.#measure(() => this.#page.evaluate(drainByDefault, urls, null))
    const port = await this.#withPurchase(purchase => this.#measurePort(purchase))
    const body = await this.#withPurchase(purchase =>
      this.#measure(() => this.#page.evaluate(drainByDefault, this.#streamUrls(purchase), null)),
    )
    const plainByob = await this.#measure(() => this.#page.evaluate(drainByob, urls))
    const bodyByob = await this.#withPurchase(purchase =>
      this.#measure(() => this.#page.evaluate(drainByob, this.#streamUrls(purchase))),
    )
    return { plain, port, body, plainByob, bodyByob }
  }

  /** A plain and a port run at the pace of a film, and what they cost. */
  async measurePaced(): Promise<{ readonly plain: Run; readonly port: Run }> {
    const urls = this.#plainUrls().slice(0, pacedSegments)
    const drainPlain = () => this.#page.evaluate(drainByDefault, urls, pacedBytesPerMs)
    const plain = await this.#measure(drainPlain, pacedSegments)
    const port = await this.#withPurchase(
      purchase => this.#measurePort(purchase, pacedSegments, pacedBytesPerMs),
      pacedSegments,
    )
    return { plain, port }
  }

  /** Reads purchases whole; throws if a byte of them is not the film's. */
  async checkBytes(): Promise<void> {
    const check = (digests: readonly string[]): void => {
      for (const [at, { path, sha256 }] of this.#stage.film.segments.entries())
        if (digests[at] !== sha256) throw new Error(`${path} came with other bytes: ${digests[at]}`)
    }
    await this.#withPurchase(async purchase =>
      check(await this.#page.evaluate(digestAll, this.#streamUrls(purchase))),
    )
    await this.#withPurchase(async purchase =>
      check(await this.#page.evaluate(digestPort, purchase, this.#paths())),
    )
  }

  #paths(): readonly string[] {
    return this.#stage.film.segments.map(({ path }) => path)
  }

  #plainUrls(): readonly string[] {
    return this.#paths().map(path => `${this.#stage.plainUrl}/${path}`)
  }

  #streamUrls(purchase: PurchaseNonce): readonly string[] {
    return this.#paths().map(path => streamUrl(purchase, path))
  }

  #measurePort(
    purchase: PurchaseNonce,
    segments = this.#stage.film.segments.length,
    pace: number | null = null,
  ): Promise<Run> {
    const paths = this.#paths().slice(0, segments)
    return this.#measure(() => this.#page.evaluate(drainPort, purchase, paths, pace), segments)
  }

  async #withPurchase<T>(
    read: (purchase: PurchaseNonce) => Promise<T>,
    segments = this.#stage.film.segments.length,
  ): Promise<T> {
    const purchase = await buyVideo(this.#page)
    const result = await read(purchase)
    await stopPurchase(this.#page, purchase)
    // A film is kept once it was paid for: only what is forgotten is fetched again.
    await forgetVideos(this.#page)
    this.purchases.set(purchase, this.#segmentBytes(segments))
    return result
  }

  #segmentBytes(segments: number): number {
    return this.#stage.film.segments.slice(0, segments).reduce((sum, { bytes }) => sum + bytes, 0)
  }

  async #measure(drain: () => Promise<Drained>, segments = this.#stage.film.segments.length): Promise<Run> {
    const { chromium, processes } = this.#stage
    const readTimes = () => readCpuTimes(chromium.pid, processes)
    const before = readTimes()
    const drained = await drain()
    const cpu = cpuBetween(before, readTimes())
    const expectedBytes = this.#segmentBytes(segments)
    if (drained.bytes !== expectedBytes) throw new Error(`${drained.bytes} of ${expectedBytes} bytes came`)
    return { ...drained, cpu }
  }
}
