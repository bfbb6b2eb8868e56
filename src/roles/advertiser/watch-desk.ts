import { type AttentionSource, sendAttention, takeAttentionWant } from '#market/attention-source.ts'
import { chunkLeaves } from '#media/chunk-leaves.ts'
import { DirectoryShelf } from '#network/directory-shelf.ts'
import type { Viewing, WatchSource } from '#network/watch-source.ts'
import { signCampaignProof } from '#protocol/campaign.ts'
import { identityOf } from '#protocol/signature.ts'
import type { TypedDomain } from '#protocol/typed-data.ts'
import {
  answerHash,
  type ChunkHead,
  type Promised,
  recoverAnswer,
  recoverWatcher,
  type SourceInit,
  type Want,
} from '#protocol/watch.ts'
import type { Cid, Hash, PublicKey } from '#std/brand.ts'
import { concatBytes, hexFromBytes } from '#std/bytes.ts'
import { orThrow, ParatiiError } from '#std/error.ts'
import type { Turns } from '#std/turns.ts'
import { findLeaf, leafChange, type StoredLeaf } from './bid-records.ts'
import { findCampaign, type StoredCampaign } from './campaign-records.ts'
import type { AdvertiserPorts } from './ports.ts'

/** Letters and digits that nobody takes for one another. */
const codeLetters = 'ACDEFHJKMNPRTUVWXY3479'
const codeLength = 4

type Sent = { readonly head: ChunkHead; readonly bytes: Uint8Array }

/** Sends the chunks of a campaign's video to the viewers that it allotted, and pays them. */
export class WatchDesk implements WatchSource {
  readonly #ports: AdvertiserPorts
  readonly #campaigns: TypedDomain
  readonly #turns: Turns
  readonly #key: PublicKey
  readonly #shelf: DirectoryShelf

  constructor(ports: AdvertiserPorts, campaigns: TypedDomain, turns: Turns) {
    this.#ports = ports
    this.#campaigns = campaigns
    this.#turns = turns
    this.#key = identityOf(ports.crypto, ports.nodeKey).publicKey
    this.#shelf = new DirectoryShelf(ports.blocks)
  }

  greet(): SourceInit {
    return { key: this.#key, nonce: this.#random32() }
  }

  async open(init: Parameters<WatchSource['open']>[0], greeting: SourceInit): Promise<Viewing> {
    const { crypto, records } = this.#ports
    const leaf = await findLeaf(records, init.escrow, init.leaf)
    const campaign = await findCampaign(records, init.escrow)
    if (leaf === undefined || campaign === undefined) throw new ParatiiError('campaign-unknown')
    if (recoverWatcher(crypto, greeting, init) !== leaf.viewer) throw new ParatiiError('signature-invalid')
    return {
      ack: { newest: this.#promise(leaf) },
      head: () => this.#shelf.head(campaign.address),
      want: want =>
        this.#turns.take(`${leaf.campaign}/${leaf.leaf}`, () => this.#want(campaign, leaf.leaf, want)),
    }
  }

  async #want(campaign: StoredCampaign, leafNumber: number, want: Want): Promise<Sent | undefined> {
    const { clock, crypto, records } = this.#ports
    const leaf = await findLeaf(records, campaign.campaign, leafNumber)
    if (leaf === undefined) throw new ParatiiError('campaign-unknown')
    const context = { escrow: leaf.campaign, leaf: leaf.leaf, to: this.#key }
    if (want.answer !== null && recoverAnswer(crypto, context, want.answer) !== leaf.viewer)
      throw new ParatiiError('signature-invalid', { field: 'answer' })
    const wish = { chunk: want.chunk, answer: want.answer ?? undefined }
    const { state, send } = orThrow(takeAttentionWant(leaf.source, wish, clock.nowMs()))
    if (send === 'new') return this.#sendNew(campaign, { ...leaf, source: state }, want.chunk)
    await records.write([leafChange({ ...leaf, source: state })])
    if (send === 'again') return this.#sendAgain(campaign, { ...leaf, source: state })
    if (state.ended === 'done' || state.ended === undefined) return undefined
    throw new ParatiiError(state.ended)
  }

  async #sendNew(campaign: StoredCampaign, leaf: StoredLeaf, chunk: number): Promise<Sent> {
    const bytes = await this.#bytesOf(campaign.address, chunk)
    const nonce = this.#random32()
    const code = this.#drawCode(campaign.presence.challenge)
    const atMs = this.#ports.clock.nowMs()
    const source = sendAttention(leaf.source, { chunk, atMs, hash: answerHash(nonce, bytes), code })
    const sent = { ...leaf, source, nonce }
    // What is promised is written before it is signed.
    await this.#ports.records.write([leafChange(sent)])
    return this.#sentOf(sent, bytes)
  }

  async #sendAgain(campaign: StoredCampaign, leaf: StoredLeaf): Promise<Sent> {
    return this.#sentOf(leaf, await this.#bytesOf(campaign.address, lastOf(leaf.source).chunk))
  }

  #sentOf(leaf: StoredLeaf, bytes: Uint8Array): Sent {
    const { chunk, code } = lastOf(leaf.source)
    const payment = this.#promise(leaf)
    if (leaf.nonce === null || payment === null) throw new ParatiiError('store-failed', { leaf: leaf.leaf })
    return { head: { chunk, bytes: bytes.length, nonce: leaf.nonce, payment, code }, bytes }
  }

  /** The newest promise of a leaf: signing is deterministic, so the amount is all that is stored. */
  #promise({ campaign, leaf, source }: StoredLeaf): Promised | null {
    const { crypto, nodeKey } = this.#ports
    if (source.promisedWei === 0n) return null
    const draft = { campaign, leaf, balance: source.promisedWei }
    const { balance, signature } = signCampaignProof(crypto, this.#campaigns, draft, nodeKey)
    return { balance, signature }
  }

  async #bytesOf(address: Cid, chunk: number): Promise<Uint8Array> {
    const leaves = chunkLeaves(await this.#shelf.directory(address), chunk)
    const parts = await Promise.all(leaves.map(({ cid }) => this.#ports.blocks.get(cid)))
    if (parts.length === 0) throw new ParatiiError('path-unknown', { chunk })
    return concatBytes(
      ...parts.map((part, i) => {
        if (part === undefined) throw new ParatiiError('block-absent', { cid: leaves[i]?.cid ?? '' })
        return part
      }),
    )
  }

  /** A code for one chunk in so many, at random. */
  #drawCode(challenge: number): string {
    const { random } = this.#ports
    const [draw = 0, ...letters] = random.bytes(1 + codeLength)
    if (challenge === 0 || draw % challenge !== 0) return ''
    return letters.map(byte => codeLetters[byte % codeLetters.length]).join('')
  }

  #random32(): Hash {
    return hexFromBytes(this.#ports.random.bytes(32)) as Hash
  }
}

const lastOf = ({ last }: AttentionSource) => {
  if (last === undefined) throw new ParatiiError('store-failed', { reason: 'nothing was sent' })
  return last
}
