import * as v from 'valibot'
import { messageAddresses } from '#network/address.ts'
import type { Letter, Mailbox } from '#network/mailbox.ts'
import { signHosts } from '#protocol/announcement.ts'
import {
  addressField,
  multiaddrsField,
  parseFields,
  publicKeyField,
  type Schema,
  weiField,
} from '#protocol/fields.ts'
import type { ListedHost } from '#protocol/host-list.ts'
import { canonicalText } from '#protocol/json.ts'
import type { Offer } from '#protocol/offer.ts'
import { maxReplicatedVideos, type ReplicatedVideo } from '#protocol/replicate.ts'
import type { FormatName, PublicKey, VideoId } from '#std/brand.ts'
import { orThrow, ParatiiError } from '#std/error.ts'
import type { PublisherPorts } from './ports.ts'
import { listVideos } from './videos.ts'

const table = 'publisher-hosts'
/** How long a host list may be believed; viewers and hosts fetch it anew before. */
const listLifeMs = 3_600_000

const offerRecord: Schema<Offer> = v.object({
  key: publicKeyField,
  payout: addressField,
  addresses: multiaddrsField,
  minimumFee: weiField(64),
})

/** The hosts that a publisher works with: those whose offers it took. */
export class HostRegister {
  readonly #ports: PublisherPorts
  readonly #hosts = new Map<PublicKey, Offer>()
  /** The videos that there were when each host was last told what to keep. */
  readonly #told = new Map<PublicKey, string>()
  readonly #lists = new Map<VideoId, { readonly bytes: Uint8Array; readonly renewAtMs: number }>()

  private constructor(ports: PublisherPorts) {
    this.#ports = ports
  }

  static async open(ports: PublisherPorts): Promise<HostRegister> {
    const register = new HostRegister(ports)
    for (const { value } of await ports.records.list(table, '')) {
      const offer = orThrow(parseFields(offerRecord, JSON.parse(value), 'store-failed'))
      register.#hosts.set(offer.key, offer)
    }
    return register
  }

  /** Takes a host's offer, stored when it resolves, and answers with the videos that it is to keep. */
  async take({ sender, reply }: Letter, offer: Offer, signal: AbortSignal): Promise<void> {
    const { config, records } = this.#ports
    if (sender !== offer.key) throw new ParatiiError('signature-invalid', { field: 'key' })
    if (config.hosts !== 'any' && !config.hosts.includes(offer.key)) throw new ParatiiError('not-listed')
    if (messageAddresses(offer.addresses).length === 0) {
      throw new ParatiiError('document-malformed', { field: 'addresses' })
    }
    await records.write([{ table, key: offer.key, value: canonicalText(offer) }])
    this.#hosts.set(offer.key, offer)
    this.#lists.clear()
    const videos = await this.#videosFor(offer)
    const news = canonicalText(await listVideos(records))
    // After the letter's own acknowledgement, so that the host is not kept waiting for what it does not need yet.
    reply('replicate', { videos }, signal).then(
      () => this.#told.set(offer.key, news),
      () => {},
    )
  }

  isListed(key: PublicKey): boolean {
    return this.#hosts.has(key)
  }

  get count(): number {
    return this.#hosts.size
  }

  /** Tells each host what it is to keep, if videos came since it was last told. Who is away asks when it comes back. */
  async tellNews(mailbox: Mailbox, signal: AbortSignal): Promise<void> {
    const { records, walletKey } = this.#ports
    const news = canonicalText(await listVideos(records))
    for (const offer of this.#hosts.values()) {
      if (this.#told.get(offer.key) === news) continue
      const videos = await this.#videosFor(offer)
      const envelope = mailbox.seal(walletKey, offer.key, { type: 'replicate', body: { videos } })
      await mailbox.deliver({ addresses: offer.addresses }, envelope, signal).then(
        () => this.#told.set(offer.key, news),
        () => {},
      )
    }
  }

  get(key: PublicKey): Offer | undefined {
    return this.#hosts.get(key)
  }

  /** The signed host list of a video; `video-unknown` if it is none of ours. */
  async list(id: VideoId): Promise<Uint8Array> {
    const { clock, crypto, records, walletKey } = this.#ports
    const at = clock.nowMs()
    const kept = this.#lists.get(id)
    if (kept !== undefined && kept.renewAtMs > at) return kept.bytes
    if ((await listVideos(records, id)).length === 0) throw new ParatiiError('video-unknown', { id })
    const hosts = [...this.#hosts.values()].map(
      ({ key, payout, addresses }): ListedHost => ({ key, payout, addresses }),
    )
    const bytes = signHosts(crypto, { id, hosts }, { at, expires: at + listLifeMs }, walletKey)
    this.#lists.set(id, { bytes, renewAtMs: at + listLifeMs / 2 })
    return bytes
  }

  async #videosFor(offer: Offer): Promise<readonly ReplicatedVideo[]> {
    const { reader, records } = this.#ports
    const formats = new Map<VideoId, FormatName[]>()
    for (const { id, format } of await listVideos(records)) {
      const { fee } = await reader.terms(id, format)
      if (fee < offer.minimumFee) continue
      formats.set(id, [...(formats.get(id) ?? []), format])
    }
    return [...formats].slice(0, maxReplicatedVideos).map(([id, names]) => ({ id, formats: names }))
  }
}
