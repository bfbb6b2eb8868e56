import * as v from 'valibot'
import type { MarketReader } from '#chain/market-reader.ts'
import type { PostingChannels } from '#chain/posting-channels.ts'
import type { ChainReader } from '#chain/reader.ts'
import { walkDirectory } from '#media/dag.ts'
import type { Posting, PostingHost } from '#network/posting-host.ts'
import { sha256 } from '#network/sha256.ts'
import { type BalanceProof, type ChannelRoute, verifyBalanceProof } from '#protocol/balance-proof.ts'
import type { BlockData } from '#protocol/block-data.ts'
import { digestFromCid } from '#protocol/cid.ts'
import type { HostInit } from '#protocol/exchange.ts'
import {
  addressField,
  hashField,
  parseFields,
  type Schema,
  signatureField,
  weiField,
} from '#protocol/fields.ts'
import { hashFromBytes } from '#protocol/hash.ts'
import { canonicalText } from '#protocol/json.ts'
import { type PosterInit, verifyPosterProof } from '#protocol/posting.ts'
import { identityOf } from '#protocol/signature.ts'
import { cidFromRoot } from '#protocol/terms.ts'
import { paratiiDomain, type TypedDomain } from '#protocol/typed-data.ts'
import type { Cid, Hash } from '#std/brand.ts'
import { equalBytes } from '#std/bytes.ts'
import { orThrow, ParatiiError } from '#std/error.ts'
import type { Blocks } from '#std/ports/blocks.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import type { Random } from '#std/ports/random.ts'
import type { Records } from '#std/ports/records.ts'
import { saveKeptVideo } from './kept-videos.ts'

export type PostingDeskPorts = {
  readonly chainId: number
  readonly reader: ChainReader
  readonly market: MarketReader
  readonly channels: PostingChannels
  readonly records: Records
  readonly blocks: Blocks
  readonly crypto: Crypto
  readonly random: Random
  readonly nodeKey: Uint8Array
  /** Base units that are asked for each byte stored. */
  readonly feeWei: bigint
}

const table = 'host-postings'
/** Bytes stored ahead of payments. */
const creditBytes = 1_048_576

type HeldProof = { readonly route: ChannelRoute; readonly proof: BalanceProof }
const heldSchema: Schema<HeldProof> = v.object({
  route: v.object({ payer: addressField, payee: addressField, signer: addressField, lane: weiField(96) }),
  proof: v.object({ channel: hashField, balance: weiField(96), signature: signatureField }),
})

/** A host's side of docs/spec/posting.md: stores and pins what publishers pay for by channel. */
export class PostingDesk implements PostingHost {
  readonly #ports: PostingDeskPorts
  readonly #identity: ReturnType<typeof identityOf>

  constructor(ports: PostingDeskPorts) {
    this.#ports = ports
    this.#identity = identityOf(ports.crypto, ports.nodeKey)
  }

  greet(): HostInit {
    return { nonce: hashFromBytes(this.#ports.random.bytes(32)), key: this.#identity.publicKey }
  }

  async open(init: PosterInit, greeting: HostInit, signal: AbortSignal): Promise<Posting> {
    const { chainId, crypto, feeWei, market, reader } = this.#ports
    const id = orThrow(verifyPosterProof(crypto, greeting, init))
    const { channel: route } = init
    const [channel, terms, video, { paymentChannels }] = await Promise.all([
      market.channel(route, signal),
      reader.terms(init.id, init.format, signal),
      reader.video(init.id, signal),
      reader.addresses(signal),
    ])
    if (channel === undefined || channel.id !== id) throw new ParatiiError('purchase-unknown')
    if (channel.end !== 0) throw new ParatiiError('purchase-ended')
    const isOurs = route.payee === this.#identity.address
    if (!isOurs || terms.owner !== route.payer || terms.root !== init.root)
      throw new ParatiiError('not-permitted')
    const held = await this.#held(id)
    const balanceWei = held?.proof.balance ?? channel.withdrawnWei
    const root = cidFromRoot(init.root)
    const { owner, document } = { owner: terms.owner, document: video.document }
    const domain = paratiiDomain(chainId, paymentChannels)
    return {
      ack: {
        fee: feeWei,
        credit: creditBytes,
        balance: balanceWei,
        ...(held === undefined ? {} : { signature: held.proof.signature }),
      },
      window: {
        feeWei,
        creditBytes,
        depositWei: channel.depositWei,
        beganWei: balanceWei,
        balanceWei,
        storedBytes: 0,
      },
      store: block => this.#store(block),
      accept: proof => this.#accept(domain, id, route, proof),
      finish: async () => {
        await this.#checkWhole(root)
        await saveKeptVideo(this.#ports.records, {
          id: init.id,
          format: init.format,
          root,
          owner,
          ownerNode: document.node,
        })
      },
    }
  }

  /** Pays out what is held; each channel's newest proof once. The channels that paid. */
  async withdraw(signal?: AbortSignal): Promise<readonly Hash[]> {
    const { channels, market, records } = this.#ports
    const paid: Hash[] = []
    for (const { value } of await records.list(table, '')) {
      const { route, proof } = parseHeld(value)
      const channel = await market.channel(route, signal)
      if (channel?.id !== proof.channel || channel.withdrawnWei >= proof.balance) continue
      await channels.withdraw(route, proof, signal)
      paid.push(proof.channel)
    }
    return paid
  }

  async #store({ cid, bytes }: BlockData): Promise<number> {
    const { blocks } = this.#ports
    if (!equalBytes(new Uint8Array(await sha256(bytes)), digestFromCid(cid)))
      throw new ParatiiError('block-mismatch')
    if (await blocks.has(cid)) return 0
    await blocks.put(cid, bytes)
    return bytes.length
  }

  async #accept(domain: TypedDomain, id: Hash, route: ChannelRoute, proof: BalanceProof): Promise<void> {
    if (proof.channel !== id) throw new ParatiiError('receipt-mismatch', { field: 'channel' })
    orThrow(verifyBalanceProof(this.#ports.crypto, domain, proof, route.signer))
    const { payer, payee, signer, lane } = route
    const value = canonicalText({ route: { payer, payee, signer, lane }, proof })
    await this.#ports.records.write([{ table, key: id, value }])
  }

  async #held(id: Hash): Promise<HeldProof | undefined> {
    const value = await this.#ports.records.get(table, id)
    return value === undefined ? undefined : parseHeld(value)
  }

  async #checkWhole(root: Cid): Promise<void> {
    const { blocks } = this.#ports
    const directory = orThrow(await walkDirectory(root, cid => blocks.get(cid)))
    for (const { cid } of directory.leaves)
      if (!(await blocks.has(cid))) throw new ParatiiError('block-absent', { cid })
  }
}

const parseHeld = (value: string): HeldProof =>
  orThrow(parseFields(heldSchema, JSON.parse(value), 'store-failed'))
