import { openContentWatcher } from '#market/content-watcher.ts'
import {
  type Acceptance,
  type BidAccepted,
  digestOpening,
  laneOfAcceptance,
  verifyAcceptance,
} from '#protocol/acceptance.ts'
import { type ChannelRoute, channelIdOf } from '#protocol/balance-proof.ts'
import { type Bid, type BidDraft, hashBid, signBid } from '#protocol/bid.ts'
import { identityOf, signCompact } from '#protocol/signature.ts'
import { paratiiDomain, type TypedDomain } from '#protocol/typed-data.ts'
import type { Address, FormatName, Hash, PublicKey, Signature, VideoId } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { isErrorCode, orThrow, ParatiiError } from '#std/error.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import { type EarnerPorts, findAddresses } from './asking.ts'
import { type PaidChannel, savePaidChannel } from './seconds-records.ts'

/** Between two looks at the chain. */
const pollMs = 250
/** How long a publisher may take to have the channel mined. */
const openWithinMs = 60_000
/** A bid is good for so long. */
const bidSeconds = 300

/** Signs for the account that pays. */
export type PayerSigner = {
  readonly payer: Address
  signBid(draft: BidDraft, to: PublicKey): Promise<Bid> | Bid
  /** The token's ReceiveWithAuthorization for the deposit of an acceptance. */
  signOpening(
    channels: TypedDomain,
    token: Address,
    acceptance: Acceptance,
    validBefore: number,
  ): Promise<Signature> | Signature
}

/** A signer that has its key at hand. */
export const payerOfKey = (crypto: Crypto, secretKey: Uint8Array): PayerSigner => ({
  payer: identityOf(crypto, secretKey).address,
  signBid: (draft, to) => signBid(crypto, draft, to, secretKey),
  signOpening: (channels, token, acceptance, validBefore) =>
    signCompact(crypto, digestOpening(channels, token, acceptance, validBefore), secretKey),
})

/** What a publisher said to a bid that it did not accept. */
export type Counter = { readonly counterWei: bigint; readonly left: number }

export type BidWish = {
  readonly id: VideoId
  readonly format: FormatName
  /** Base units a second, at most. */
  readonly bidWei: bigint
}

/**
 * Bids for a video by the second, once. Resolves with what was accepted, checked and stored, or with a counter-offer, after
 * which one may bid again. `nodeKey`: will sign balance proofs. Throws `bid-too-low`, `video-unknown`,
 * `publisher-unreachable`, `signature-invalid`.
 */
export const bidForVideo = async (
  ports: EarnerPorts,
  wish: BidWish,
  nodeKey: Uint8Array,
  signer: PayerSigner,
  signal: AbortSignal,
): Promise<PaidChannel | Counter> => {
  const { chainId, clock, crypto, mailbox, random, reader, records } = ports
  const { document } = await reader.video(wish.id, signal)
  const format = document.formats[wish.format]
  if (format === undefined) throw new ParatiiError('format-unknown', { format: wish.format })
  const [key, nodes, { paymentChannels }] = await Promise.all([
    reader.mailboxKey(document.owner, signal),
    reader.nodes(document.owner, signal),
    reader.addresses(signal),
  ])
  const [node] = nodes
  if (node === undefined) throw new ParatiiError('publisher-unreachable')
  const to = { key: key ?? document.mailbox, addresses: nodes.flatMap(({ addresses }) => addresses) }
  const draft: BidDraft = {
    id: wish.id,
    format: wish.format,
    bid: wish.bidWei,
    payer: signer.payer,
    signer: identityOf(crypto, nodeKey).address,
    validUntil: Math.floor(clock.nowMs() / 1000) + bidSeconds,
    salt: hexFromBytes(random.bytes(32)) as Hash,
  }
  const body = await signer.signBid(draft, to.key)
  const answer = await mailbox.ask(nodeKey, to, { type: 'bid', body }, 'bid-answer', signal)
  if (answer.hash !== hashBid(draft, to.key)) throw new ParatiiError('bid-unknown')
  if ('code' in answer)
    throw new ParatiiError(isErrorCode(answer.code) ? answer.code : 'bid-too-low', { code: answer.code })
  if ('counter' in answer) return { counterWei: answer.counter, left: answer.left }
  if (answer.payee !== document.owner || answer.address !== format.hash || answer.bid > wish.bidWei)
    throw new ParatiiError('terms-changed')
  if (answer.length !== document.duration || answer.chunksize !== document.chunksize)
    throw new ParatiiError('terms-changed')
  const acceptance = acceptanceOf(draft, answer)
  const channels = paratiiDomain(chainId, paymentChannels)
  orThrow(verifyAcceptance(crypto, channels, acceptance, answer.signature))
  const channel: PaidChannel = {
    channel: channelIdOf(routeOf(channels, acceptance)),
    acceptance,
    yes: answer.signature,
    mailbox: to.key,
    source: node.key,
    watcher: openContentWatcher({
      rateWei: acceptance.rate,
      chunkSeconds: acceptance.chunkSeconds,
      length: acceptance.length,
    }),
  }
  await savePaidChannel(records, channel)
  return channel
}

/**
 * Has the channel opened with our authorization. The chain alone is believed. Throws `timed-out`, or the code that the
 * publisher answered, such as `balance-too-low`.
 */
export const openPaidChannel = async (
  ports: EarnerPorts,
  { acceptance, channel, mailbox: key }: PaidChannel,
  nodeKey: Uint8Array,
  signer: PayerSigner,
  signal: AbortSignal,
): Promise<void> => {
  const { chainId, clock, mailbox, market, reader } = ports
  const { paymentChannels, token } = await reader.addresses(signal)
  const channels = paratiiDomain(chainId, paymentChannels)
  const validBefore = acceptance.validUntil
  const signature = await signer.signOpening(channels, token, acceptance, validBefore)
  const turn = AbortSignal.any([signal, AbortSignal.timeout(openWithinMs)])
  const addresses = await findAddresses(ports, acceptance.payee, turn)
  const body = { hash: acceptance.bid, validBefore, signature }
  const answer = await mailbox.ask(nodeKey, { key, addresses }, { type: 'open', body }, 'opened', turn)
  if ('code' in answer)
    throw new ParatiiError(isErrorCode(answer.code) ? answer.code : 'unsupported', { code: answer.code })
  const route = routeOf(channels, acceptance)
  while ((await market.channel(route, turn))?.id !== channel) await clock.sleep(pollMs, turn)
}

/** Where on the chain a channel is. */
export const routeOf = (channels: TypedDomain, acceptance: Acceptance): ChannelRoute => ({
  payer: acceptance.payer,
  payee: acceptance.payee,
  signer: acceptance.signer,
  lane: laneOfAcceptance(channels, acceptance),
})

const acceptanceOf = (draft: BidDraft, answer: BidAccepted): Acceptance => ({
  bid: answer.hash,
  payer: draft.payer,
  payee: answer.payee,
  signer: draft.signer,
  video: draft.id,
  format: draft.format,
  address: answer.address,
  rate: answer.bid,
  chunkSeconds: answer.chunksize,
  length: answer.length,
  validUntil: answer.validUntil,
})
