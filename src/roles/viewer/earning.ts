import { isWatched, openAttentionWatcher, takePromisedChunk } from '#market/attention-watcher.ts'
import type { MediaDirectory } from '#media/dag.ts'
import { openWatch } from '#network/watch-link.ts'
import { type Acceptance, signAcceptance } from '#protocol/acceptance.ts'
import { type AllottedAnswer, acceptanceOfAttention } from '#protocol/attention-bid.ts'
import { batchRootOf, unitsAbove, verifyCampaignProof } from '#protocol/campaign.ts'
import { addressOf, identityOf } from '#protocol/signature.ts'
import { paratiiDomain, type TypedDomain } from '#protocol/typed-data.ts'
import { answerHash, type ChunkAnswer, signAnswer, signWatcherInit } from '#protocol/watch.ts'
import type { Address, Signature } from '#std/brand.ts'
import { bytesFromHex, hexFromBytes } from '#std/bytes.ts'
import { errorFrom, isErrorCode, orThrow, ParatiiError } from '#std/error.ts'
import { type EarnerPorts, findAddresses, type HeardBid } from './asking.ts'
import { checkChunk, readDirectory, type VerifiedLeaf } from './chunk-check.ts'
import { type Earning, saveEarning } from './earning-records.ts'

/** An advertiser that has not proven a place on the chain by then is left for the next bidder. */
const allottedWithinMs = 30_000

/** Says yes for the account that is to be paid: by hand, or by what it lets happen. */
export type AcceptanceSigner = {
  readonly payee: Address
  sign(contract: TypedDomain, acceptance: Acceptance): Promise<Signature> | Signature
}

/** A signer that has its key at hand. */
export const signerOfKey = (crypto: EarnerPorts['crypto'], secretKey: Uint8Array): AcceptanceSigner => ({
  payee: identityOf(crypto, secretKey).address,
  sign: (contract, acceptance) => signAcceptance(crypto, contract, acceptance, secretKey),
})

/**
 * Accepts a bid, and believes the chain alone that there is a place for us: resolves with it stored. Throws `timed-out`
 * or `allotment-invalid` where the advertiser does not keep its word, or the code that it refused with.
 */
export const acceptBid = async (
  ports: EarnerPorts,
  heard: HeardBid,
  viewerKey: Uint8Array,
  signer: AcceptanceSigner,
  signal: AbortSignal,
): Promise<Earning> => {
  const { chainId, clock, crypto, mailbox, reader, records } = ports
  const { bid, bidder, hash } = heard
  const contract = paratiiDomain(chainId, (await reader.addresses(signal)).campaigns)
  const acceptance = acceptanceOfAttention(bid, hash, signer.payee, bid.validUntil)
  const signature = await signer.sign(contract, acceptance)
  const body = { hash, bid: bid.bid, payee: signer.payee, validUntil: bid.validUntil, signature }
  const turn = AbortSignal.any([signal, AbortSignal.timeout(allottedWithinMs)])
  const to = { key: bidder.mailbox, addresses: bidder.addresses }
  const answer = await mailbox
    .ask(viewerKey, to, { type: 'acceptance', body }, 'allotted', turn)
    .catch(thrown => {
      signal.throwIfAborted()
      throw turn.aborted ? new ParatiiError('timed-out') : errorFrom(thrown, 'peer-unreachable')
    })
  if ('code' in answer)
    throw new ParatiiError(isErrorCode(answer.code) ? answer.code : 'unsupported', { code: answer.code })
  const { address: viewer } = identityOf(crypto, viewerKey)
  await checkPlace(ports, heard, answer, viewer, signer.payee, turn)
  const earning: Earning = {
    bid: hash,
    title: heard.title,
    acceptedAtMs: clock.nowMs(),
    affiliateBps: bid.affiliateBps,
    campaign: bid.campaign,
    leaf: answer.leaf,
    units: answer.cap,
    siblings: answer.siblings,
    video: bid.id,
    address: bid.address,
    advertiser: bid.payer,
    signer: bid.signer,
    source: bidder.node,
    payee: signer.payee,
    viewer,
    viewerSecret: hexFromBytes(viewerKey),
    watcher: openAttentionWatcher({ rateWei: bid.bid, chunkSeconds: bid.chunksize, length: bid.length }),
    signature: null,
  }
  await saveEarning(records, earning)
  return earning
}

const checkPlace = async (
  { market }: EarnerPorts,
  { bid, campaign, hash }: HeardBid,
  place: Exclude<AllottedAnswer, { code: string }>,
  viewer: Address,
  payee: Address,
  signal: AbortSignal,
): Promise<void> => {
  if (place.hash !== hash || place.siblings.length !== campaign.depth)
    throw new ParatiiError('allotment-invalid', { field: 'siblings' })
  if (place.cap < unitsAbove(bid.bid * BigInt(bid.length)))
    throw new ParatiiError('allotment-invalid', { field: 'cap' })
  const root = batchRootOf({ viewer, payout: payee, cap: place.cap }, place.leaf, place.siblings)
  const batches = await market.batches(bid.campaign, signal)
  if (root === undefined || batches[Math.floor(place.leaf / 2 ** campaign.depth)] !== root)
    throw new ParatiiError('allotment-invalid', { field: 'leaf' })
}

/** A chunk to play, all verified and paid. `code`: to be shown for the viewer to type; empty for none. */
export type PaidChunk = {
  readonly chunk: number
  readonly leaves: readonly VerifiedLeaf[]
  readonly code: string
  readonly directory: MediaDirectory
  /** The viewing with this chunk's promise in it. */
  readonly earning: Earning
}
/** What the player says of a chunk when its time is over. */
export type Played = { readonly visibleMs: number; readonly code: string }

/**
 * Watches what a place on the chain pays for, chunk by chunk, from where it was left; `play` takes each chunk's time. No
 * chunk is played whose promise does not pay for it, and each promise is stored before. Resolves with the viewing as it
 * ended well. Throws `payment-short`, `signature-invalid`, `block-mismatch` where the advertiser cheats, or the code that
 * it refused with; what was promised until then is stored.
 */
export const watchForPay = async (
  ports: EarnerPorts,
  earning: Earning,
  play: (chunk: PaidChunk) => Promise<Played>,
  signal: AbortSignal,
): Promise<Earning> => {
  const { chainId, crypto, node, reader, records } = ports
  if (addressOf(crypto, earning.source) !== earning.signer)
    throw new ParatiiError('signature-invalid', { field: 'source' })
  const contract = paratiiDomain(chainId, (await reader.addresses(signal)).campaigns)
  const viewerKey = bytesFromHex(earning.viewerSecret)
  const { campaign, leaf } = earning
  const context = { escrow: campaign, leaf, to: earning.source }
  const link = await openWatch(node, {
    addresses: await findAddresses(ports, earning.advertiser, signal),
    source: earning.source,
    introduce: greeting => signWatcherInit(crypto, greeting, { escrow: campaign, leaf }, viewerKey),
    signal,
  })
  let now = earning
  try {
    const directory = await readDirectory(link, earning.address, signal)
    let answer: ChunkAnswer | null = null
    const playNext = async (wanted: number) => {
      const sent = await link.want({ chunk: wanted, payment: null, answer }, signal)
      if (sent === undefined) throw new ParatiiError('payment-short', { reason: 'ended' })
      const { chunk, nonce, payment, code } = sent.head
      if (wanted === now.watcher.next) {
        const watcher = orThrow(takePromisedChunk(now.watcher, chunk, payment?.balance))
        if (payment === null) throw new ParatiiError('payment-short')
        orThrow(verifyCampaignProof(crypto, contract, { campaign, leaf, ...payment }, earning.signer))
        now = { ...now, watcher, signature: payment.signature }
      }
      const leaves = await checkChunk(directory, wanted, sent.bytes)
      await saveEarning(records, now)
      const played = await play({ chunk: wanted, leaves, code, directory, earning: now })
      const said = { chunk: wanted, hash: answerHash(nonce, sent.bytes), ...played }
      answer = signAnswer(crypto, context, said, viewerKey)
    }
    // A chunk that was promised before we were cut off is had again: its answer is what goes on.
    const { next, promisedWei } = now.watcher
    if (next > 0 && (link.ack.newest?.balance ?? 0n) <= promisedWei) await playNext(next - 1)
    while (!isWatched(now.watcher)) await playNext(now.watcher.next)
    // The last answer; the source says good-bye.
    if (answer !== null) await link.want({ chunk: now.watcher.next, payment: null, answer }, signal)
    return now
  } finally {
    await link.close()
  }
}
