import { openContentSource, takePromise, takeWant } from '#market/content-source.ts'
import { decidePrice } from '#market/pricing.ts'
import { chunkLeaves } from '#media/chunk-leaves.ts'
import { DirectoryShelf } from '#network/directory-shelf.ts'
import type { Letter } from '#network/mailbox.ts'
import type { Viewing, WatchSource } from '#network/watch-source.ts'
import {
  type Acceptance,
  type BidAnswer,
  laneOfAcceptance,
  type Opening,
  type OpeningAnswer,
  signAcceptance,
} from '#protocol/acceptance.ts'
import {
  type BalanceProof,
  type ChannelRoute,
  channelIdOf,
  verifyBalanceProof,
} from '#protocol/balance-proof.ts'
import { type Bid, verifyBid } from '#protocol/bid.ts'
import { addressOf } from '#protocol/signature.ts'
import { paratiiDomain, type TypedDomain } from '#protocol/typed-data.ts'
import { recoverWatcher, type SourceInit, type Want, type WatcherInit } from '#protocol/watch.ts'
import type { Hash } from '#std/brand.ts'
import { concatBytes, hexFromBytes } from '#std/bytes.ts'
import { errorFrom, orThrow, ParatiiError } from '#std/error.ts'
import { Turns } from '#std/turns.ts'
import { errorDetails, type PublisherIdentity, type PublisherPorts, type SecondsPorts } from './ports.ts'
import {
  counteredOf,
  findChannel,
  findChannelOfBid,
  listChannels,
  pastBids,
  proofOf,
  rememberBid,
  type SecondsChannel,
  saveChannel,
} from './seconds-records.ts'
import { listVideos } from './videos.ts'

/** An acceptance is good for so long, if the bid is. */
const acceptanceSeconds = 600

/** Sells by the second: answers bids, opens channels for viewers, sends chunks, and closes. */
export class SecondsDesk implements WatchSource {
  readonly #ports: PublisherPorts
  readonly #seconds: SecondsPorts
  readonly #identity: PublisherIdentity
  readonly #stopping: AbortSignal
  readonly #shelf: DirectoryShelf
  readonly #turns = new Turns()
  #channels: TypedDomain | undefined

  constructor(
    ports: PublisherPorts,
    seconds: SecondsPorts,
    identity: PublisherIdentity,
    stopping: AbortSignal,
  ) {
    this.#ports = ports
    this.#seconds = seconds
    this.#identity = identity
    this.#stopping = stopping
    this.#shelf = new DirectoryShelf(ports.blocks)
  }

  /** Answers a bid by the policy. What is accepted is stored before it is signed. */
  async bid({ reply }: Letter, bid: Bid, signal: AbortSignal): Promise<void> {
    const { clock, crypto } = this.#ports
    const hash = orThrow(verifyBid(crypto, bid, this.#identity.mailbox, clock.nowMs()))
    const answer = await this.#turns.take(`${bid.id}/${bid.payer}`, async () => {
      const known = await findChannelOfBid(this.#ports.records, hash)
      return known === undefined ? this.#decide(bid, hash, signal) : this.#yes(known)
    })
    await reply('bid-answer', answer, signal)
  }

  /** Submits the opening of a channel; the answer follows when the chain has decided. */
  async openChannel({ reply }: Letter, opening: Opening): Promise<void> {
    const channel = await findChannelOfBid(this.#ports.records, opening.hash)
    if (channel === undefined) throw new ParatiiError('bid-unknown')
    this.#turns
      .take(channel.channel, () => this.#open(channel.channel, opening))
      .then(answer => reply('opened', answer, this.#stopping))
      // The viewer left. It finds its channel on the chain, or sends the same again.
      .catch(() => {})
  }

  /** Takes a last proof and closes: that is what resolving acknowledges, the chain follows. */
  async close(proof: BalanceProof): Promise<void> {
    const channels = await this.#domain()
    await this.#turns.take(proof.channel, async () => {
      const channel = await this.#find(proof.channel)
      const paid = await this.#takeProof(channel, proof, channels)
      await saveChannel(this.#ports.records, { ...paid, state: 'closing' })
    })
    this.#settle(proof.channel).catch(thrown => this.#fail('close-failed', errorFrom(thrown)))
  }

  /** Closes channels that stand still, and goes on closing those that wait for it. */
  async tick(): Promise<void> {
    const { clock, records } = this.#ports
    for (const channel of await listChannels(records)) {
      const isIdle = channel.state === 'open' && channel.usedAtMs + this.#seconds.idleMs <= clock.nowMs()
      if (isIdle || channel.state === 'closing') await this.#settle(channel.channel)
    }
  }

  greet(): SourceInit {
    return { key: this.#identity.node, nonce: hexFromBytes(this.#ports.random.bytes(32)) as Hash }
  }

  async open(init: WatcherInit, greeting: SourceInit, signal: AbortSignal): Promise<Viewing> {
    const { crypto } = this.#ports
    const channel = await this.#find(init.escrow)
    const key = recoverWatcher(crypto, greeting, init)
    if (key === undefined || addressOf(crypto, key) !== channel.acceptance.signer)
      throw new ParatiiError('signature-invalid')
    await this.#checkOpen(channel, signal)
    const { proof, source, acceptance } = channel
    return {
      ack: { newest: proof === null ? null : { balance: source.promisedWei, signature: proof } },
      head: () => this.#shelf.head(acceptance.address),
      want: want => this.#turns.take(channel.channel, () => this.#want(channel.channel, want)),
    }
  }

  async #decide(bid: Bid, hash: Hash, signal: AbortSignal): Promise<BidAnswer> {
    const { clock, reader, records } = this.#ports
    const sold = (await listVideos(records, bid.id)).find(({ format }) => format === bid.format)
    if (sold === undefined) return { hash, code: 'video-unknown' }
    const [past, countered, profile] = await Promise.all([
      pastBids(records, bid.id, bid.format),
      counteredOf(records, bid.id, bid.payer),
      this.#seconds.profileOf(bid.payer, signal),
    ])
    const nowSeconds = Math.floor(clock.nowMs() / 1000)
    const input = { bidWei: bid.bid, profile, pastWei: past, countered, nowSeconds }
    const decision = decidePrice(this.#seconds.pricing, input)
    await rememberBid(records, bid, past, countered + (decision.kind === 'counter' ? 1 : 0))
    if (decision.kind === 'counter') return { hash, counter: decision.rateWei, left: decision.left }
    if (decision.kind === 'refuse') return { hash, code: 'bid-too-low' }
    const { document } = await reader.video(bid.id, signal)
    const acceptance: Acceptance = {
      bid: hash,
      payer: bid.payer,
      payee: this.#identity.owner,
      signer: bid.signer,
      video: bid.id,
      format: bid.format,
      address: sold.root,
      rate: decision.rateWei,
      chunkSeconds: document.chunksize,
      length: document.duration,
      validUntil: Math.min(bid.validUntil, nowSeconds + acceptanceSeconds),
    }
    const route = routeOf(await this.#domain(), acceptance)
    const channel: SecondsChannel = {
      channel: channelIdOf(route),
      acceptance,
      source: openContentSource({
        rateWei: acceptance.rate,
        chunkSeconds: acceptance.chunkSeconds,
        length: acceptance.length,
      }),
      proof: null,
      state: 'accepted',
      usedAtMs: clock.nowMs(),
    }
    await saveChannel(records, channel)
    return this.#yes(channel)
  }

  async #yes({ acceptance }: SecondsChannel): Promise<BidAnswer> {
    const { crypto, walletKey } = this.#ports
    return {
      hash: acceptance.bid,
      bid: acceptance.rate,
      address: acceptance.address,
      payee: acceptance.payee,
      chunksize: acceptance.chunkSeconds,
      length: acceptance.length,
      validUntil: acceptance.validUntil,
      signature: signAcceptance(crypto, await this.#domain(), acceptance, walletKey),
    }
  }

  async #open(id: Hash, opening: Opening): Promise<OpeningAnswer> {
    const { crypto, notice, records, walletKey } = this.#ports
    const { market, marketWriter } = this.#seconds
    const channel = await this.#find(id)
    const { acceptance } = channel
    const domain = await this.#domain()
    try {
      // An earlier run may have died between the transaction and its record.
      const before = await market.channel(routeOf(domain, acceptance), this.#stopping)
      const yes = signAcceptance(crypto, domain, acceptance, walletKey)
      if (before === undefined) await marketWriter.openChannel(acceptance, yes, opening, this.#stopping)
      await saveChannel(records, { ...channel, state: 'open' })
      notice('channel-opened', { channel: id })
      return { channel: id }
    } catch (thrown) {
      const error = errorFrom(thrown)
      notice('channel-not-opened', { channel: id, ...errorDetails(error) })
      return { hash: acceptance.bid, code: error.code }
    }
  }

  async #want(id: Hash, want: Want) {
    const { blocks, clock, records } = this.#ports
    const channel = await this.#find(id)
    const paid =
      want.payment === null
        ? channel
        : await this.#takeProof(channel, { channel: id, ...want.payment }, await this.#domain())
    const source = orThrow(takeWant(paid.source, want.chunk, undefined))
    const directory = await this.#shelf.directory(channel.acceptance.address)
    const leaves = chunkLeaves(directory, want.chunk)
    const parts = await Promise.all(leaves.map(({ cid }) => blocks.get(cid)))
    const bytes = concatBytes(
      ...parts.map(part => {
        if (part === undefined) throw new ParatiiError('block-absent')
        return part
      }),
    )
    if (bytes.length === 0) throw new ParatiiError('path-unknown', { chunk: want.chunk })
    await saveChannel(records, { ...paid, source, state: 'open', usedAtMs: clock.nowMs() })
    const nonce = this.greet().nonce
    return { head: { chunk: want.chunk, bytes: bytes.length, nonce, payment: null, code: '' }, bytes }
  }

  /** The channel with a proof that pays no less than the one before; one of the same amount changes nothing. */
  async #takeProof(
    channel: SecondsChannel,
    proof: BalanceProof,
    channels: TypedDomain,
  ): Promise<SecondsChannel> {
    if (proof.balance === 0n) return channel
    orThrow(verifyBalanceProof(this.#ports.crypto, channels, proof, channel.acceptance.signer))
    const source = orThrow(takePromise(channel.source, proof.balance))
    return { ...channel, source, proof: proof.signature }
  }

  async #checkOpen(channel: SecondsChannel, signal: AbortSignal): Promise<void> {
    const state = await this.#seconds.market.channel(
      routeOf(await this.#domain(), channel.acceptance),
      signal,
    )
    if (state === undefined || state.id !== channel.channel) throw new ParatiiError('channel-unknown')
    if (state.end !== 0 || channel.state === 'closing' || channel.state === 'closed')
      throw new ParatiiError('channel-ended')
  }

  #settle(id: Hash): Promise<void> {
    return this.#turns.take(id, async () => {
      const { notice, records } = this.#ports
      const { market, marketWriter } = this.#seconds
      const channel = await this.#find(id)
      const route = routeOf(await this.#domain(), channel.acceptance)
      if ((await market.channel(route, this.#stopping)) !== undefined) {
        await marketWriter.closeChannel(route, proofOf(channel), this.#stopping)
        notice('channel-closed', { channel: id, balance: channel.source.promisedWei.toString() })
      }
      await saveChannel(records, { ...channel, state: 'closed' })
    })
  }

  async #find(id: Hash): Promise<SecondsChannel> {
    const channel = await findChannel(this.#ports.records, id)
    if (channel === undefined) throw new ParatiiError('channel-unknown')
    return channel
  }

  async #domain(): Promise<TypedDomain> {
    const { config, reader } = this.#ports
    this.#channels ??= paratiiDomain(config.chainId, (await reader.addresses()).paymentChannels)
    return this.#channels
  }

  #fail(event: string, error: ParatiiError): void {
    if (error.code === 'aborted' || error.code === 'stopping') return
    this.#ports.notice(event, errorDetails(error))
  }
}

const routeOf = (channels: TypedDomain, acceptance: Acceptance): ChannelRoute => ({
  payer: acceptance.payer,
  payee: acceptance.payee,
  signer: acceptance.signer,
  lane: laneOfAcceptance(channels, acceptance),
})
