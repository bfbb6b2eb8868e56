import { describe, expect, it } from 'vitest'
import { cryptoNative } from '#adapters/crypto-native.ts'
import { cryptoNoble } from '#adapters/crypto-noble.ts'
import type { Address, Cid, FormatName, Hash, Hex, PublicKey, Signature, VideoId } from '#std/brand.ts'
import { bytesFromHex, hexFromBytes } from '#std/bytes.ts'
import vectors from '../../test/vectors/market.json' with { type: 'json' }
import {
  type Acceptance,
  depositOf,
  digestAcceptance,
  digestOpening,
  laneOfAcceptance,
  signAcceptance,
  verifyAcceptance,
} from './acceptance.ts'
import {
  type AttentionBid,
  acceptanceOfAttention,
  hashAttentionBid,
  signAttentionBid,
  verifyAttentionBid,
} from './attention-bid.ts'
import { channelIdOf, signBalanceProof, verifyBalanceProof } from './balance-proof.ts'
import { type Bid, hashBid, signBid, verifyBid } from './bid.ts'
import {
  batchRootOf,
  buildCampaignBatch,
  campaignIdOf,
  signCampaignProof,
  unitsAbove,
  verifyCampaignProof,
} from './campaign.ts'
import { addressOf } from './signature.ts'
import { paratiiDomain } from './typed-data.ts'
import { signVote, type Vote, verifyVote } from './vote.ts'
import {
  answerHash,
  decodeWatch,
  encodeWatch,
  recoverAnswer,
  recoverWatcher,
  signAnswer,
  signWatcherInit,
} from './watch.ts'

const domainOf = (address: string) => paratiiDomain(Number(vectors.chainId), address as Address)
const channels = domainOf(vectors.channels)
const campaigns = domainOf(vectors.campaigns)
const users = domainOf(vectors.users)
const secretOf = (name: keyof typeof vectors.secrets) => bytesFromHex(vectors.secrets[name] as Hex)
const stranger = bytesFromHex(`0x${'07'.repeat(32)}` as Hex)
const before = Number(vectors.bid.validUntil) * 1000 - 1

const bid: Bid = {
  id: vectors.bid.id as VideoId,
  format: vectors.bid.format as FormatName,
  bid: BigInt(vectors.bid.bid),
  payer: vectors.bid.payer as Address,
  signer: vectors.bid.signer as Address,
  validUntil: Number(vectors.bid.validUntil),
  salt: vectors.bid.salt as Hash,
  signature: vectors.bid.signature as Signature,
}
const { signature: _, ...bidDraft } = bid
const publisher = vectors.bid.to as PublicKey
const acceptance: Acceptance = {
  bid: vectors.acceptance.bid as Hash,
  payer: vectors.acceptance.payer as Address,
  payee: vectors.acceptance.payee as Address,
  signer: vectors.acceptance.signer as Address,
  video: vectors.acceptance.video as VideoId,
  format: vectors.acceptance.format as FormatName,
  address: vectors.acceptance.address as Cid,
  rate: BigInt(vectors.acceptance.rate),
  chunkSeconds: Number(vectors.acceptance.chunkSeconds),
  length: Number(vectors.acceptance.length),
  validUntil: Number(vectors.acceptance.validUntil),
}
const attentionBid: AttentionBid = {
  ...bid,
  campaign: vectors.attentionBid.campaign as Hash,
  address: acceptance.address,
  chunksize: Number(vectors.attentionBid.chunksize),
  length: Number(vectors.attentionBid.length),
  payer: vectors.attentionBid.payer as Address,
  signer: vectors.attentionBid.signer as Address,
  presence: {
    visible: Number(vectors.attentionBid.presence.visible),
    challenge: Number(vectors.attentionBid.presence.challenge),
  },
  affiliateBps: Number(vectors.attentionBid.affiliateBps),
  salt: vectors.attentionBid.salt as Hash,
  signature: vectors.attentionBid.signature as Signature,
}
const askKey = vectors.attentionBid.to as PublicKey
const plan = {
  advertiser: vectors.plan.advertiser as Address,
  signer: vectors.plan.signer as Address,
  video: vectors.plan.video as VideoId,
  deposit: Number(vectors.plan.deposit),
  maxPerViewer: Number(vectors.plan.maxPerViewer),
  end: Number(vectors.plan.end),
  depth: Number(vectors.plan.depth),
  affiliate: vectors.plan.affiliate as Address,
  affiliateBps: Number(vectors.plan.affiliateBps),
  salt: vectors.plan.salt as Hash,
}

describe.each([
  ['noble', cryptoNoble],
  ['libsecp256k1', cryptoNative],
])('the documents of the market, by %s', (_, crypto) => {
  it('a bid has the hash and signature of its golden vector', () => {
    expect(hashBid(bidDraft, publisher)).toBe(vectors.bid.hash)
    expect(signBid(crypto, bidDraft, publisher, secretOf('viewer'))).toEqual(bid)
    expect(verifyBid(crypto, bid, publisher, before)).toEqual({ ok: true, value: vectors.bid.hash })
  })

  it('a bid is for one publisher, of its payer, as it stands, in its time', () => {
    const refuse = (code: string, other: Bid, to = publisher, nowMs = before) =>
      expect(verifyBid(crypto, other, to, nowMs)).toMatchObject({ ok: false, error: { code } })
    refuse('signature-invalid', bid, askKey)
    refuse('signature-invalid', { ...bid, bid: bid.bid + 1n })
    refuse('signature-invalid', { ...bid, payer: bid.signer })
    refuse('signature-invalid', signBid(crypto, bidDraft, publisher, stranger))
    refuse('bid-expired', bid, publisher, before + 1)
  })

  it('an acceptance has the digests, lane and channel of its golden vector', () => {
    expect(hexFromBytes(digestAcceptance(channels, acceptance))).toBe(vectors.acceptance.digest)
    const opening = digestOpening(channels, vectors.token as Address, acceptance, acceptance.validUntil)
    expect(hexFromBytes(opening)).toBe(vectors.acceptance.opening)
    const lane = laneOfAcceptance(channels, acceptance)
    expect(lane).toBe(BigInt(vectors.acceptance.lane))
    expect(channelIdOf({ ...acceptance, lane })).toBe(vectors.acceptance.channel)
    expect(channelIdOf({ ...acceptance, lane }, 2)).not.toBe(vectors.acceptance.channel)
    expect(depositOf(acceptance)).toBe(BigInt(vectors.acceptance.deposit))
  })

  it('an acceptance binds its payee to these terms under this contract', () => {
    const signature = signAcceptance(crypto, channels, acceptance, secretOf('owner'))
    expect(verifyAcceptance(crypto, channels, acceptance, signature)).toEqual({ ok: true, value: acceptance })
    const invalid = { ok: false, error: { code: 'signature-invalid' } }
    expect(verifyAcceptance(crypto, campaigns, acceptance, signature)).toMatchObject(invalid)
    const dearer = { ...acceptance, rate: acceptance.rate + 1n }
    expect(verifyAcceptance(crypto, channels, dearer, signature)).toMatchObject(invalid)
  })

  it('a balance proof is of its signer, its channel, its amount', () => {
    const { channel, signature } = vectors.balanceProof
    const proof = { channel: channel as Hash, balance: BigInt(vectors.balanceProof.balance) }
    const signed = signBalanceProof(crypto, channels, proof, secretOf('viewerNode'))
    expect(signed).toEqual({ ...proof, signature })
    expect(verifyBalanceProof(crypto, channels, signed, bid.signer)).toEqual({ ok: true, value: signed })
    const invalid = { ok: false, error: { code: 'signature-invalid' } }
    expect(verifyBalanceProof(crypto, channels, signed, bid.payer)).toMatchObject(invalid)
    const more = { ...signed, balance: signed.balance + 1n }
    expect(verifyBalanceProof(crypto, channels, more, bid.signer)).toMatchObject(invalid)
  })

  it('an attention bid has the hash and signature of its golden vector', () => {
    expect(hashAttentionBid(attentionBid, askKey)).toBe(vectors.attentionBid.hash)
    expect(signAttentionBid(crypto, attentionBid, askKey, secretOf('signer'))).toEqual(attentionBid)
    const hash = vectors.attentionBid.hash as Hash
    expect(verifyAttentionBid(crypto, attentionBid, askKey, before)).toEqual({ ok: true, value: hash })
    const { payee, validUntil, signature, digest } = vectors.attentionAcceptance
    const yes = acceptanceOfAttention(attentionBid, hash, payee as Address, Number(validUntil))
    expect(hexFromBytes(digestAcceptance(campaigns, yes))).toBe(digest)
    expect(verifyAcceptance(crypto, campaigns, yes, signature as Signature).ok).toBe(true)
  })

  it('an attention bid cannot be shown to another viewer, nor changed, nor kept', () => {
    const refuse = (code: string, other: AttentionBid, to = askKey, nowMs = before) =>
      expect(verifyAttentionBid(crypto, other, to, nowMs)).toMatchObject({ ok: false, error: { code } })
    refuse('signature-invalid', attentionBid, publisher)
    refuse('signature-invalid', { ...attentionBid, bid: -attentionBid.bid })
    refuse('signature-invalid', { ...attentionBid, presence: { visible: 0, challenge: 0 } })
    refuse('bid-expired', attentionBid, askKey, before + 1)
  })

  it("a campaign's id, batch and proof are those of their golden vectors", () => {
    expect(campaignIdOf(campaigns, plan)).toBe(vectors.campaign)
    const viewers = vectors.batch.viewers.map(({ viewer, payout, cap }) => ({
      viewer: viewer as Address,
      payout: payout as Address,
      cap: Number(cap),
    }))
    const batch = buildCampaignBatch(viewers, Number(vectors.batch.number), plan.depth)
    if (!batch.ok) throw new Error(batch.error.code)
    expect(batch.value.allotments).toBe(vectors.batch.allotments)
    expect(batch.value.places.map(({ leaf, siblings }) => ({ leaf: String(leaf), siblings }))).toEqual(
      vectors.batch.places,
    )
    for (const [i, { leaf, siblings }] of batch.value.places.entries()) {
      const viewer = viewers[i]
      if (viewer === undefined) throw new Error('no viewer')
      expect(batchRootOf(viewer, leaf, siblings)).toBe(vectors.batch.allotments)
      expect(batchRootOf({ ...viewer, cap: viewer.cap + 1 }, leaf, siblings)).not.toBe(
        vectors.batch.allotments,
      )
    }
    const draft = {
      campaign: vectors.campaign as Hash,
      leaf: Number(vectors.campaignProof.leaf),
      balance: BigInt(vectors.campaignProof.balance),
    }
    const proof = signCampaignProof(crypto, campaigns, draft, secretOf('signer'))
    expect(proof).toEqual({ ...draft, signature: vectors.campaignProof.signature })
    expect(verifyCampaignProof(crypto, campaigns, proof, plan.signer).ok).toBe(true)
    for (const wrong of [
      { ...proof, leaf: proof.leaf + 1 },
      { ...proof, balance: proof.balance + 1n },
    ]) {
      expect(verifyCampaignProof(crypto, campaigns, wrong, plan.signer).ok).toBe(false)
    }
  })

  it('a vote is that of its user, until its deadline', () => {
    const { signature, ...draft } = {
      ...vectors.vote,
      user: vectors.vote.user as Address,
      video: vectors.vote.video as VideoId,
      choice: vectors.vote.choice as Vote['choice'],
      sequence: Number(vectors.vote.sequence),
      deadline: Number(vectors.vote.deadline),
    }
    const vote = signVote(crypto, users, draft, secretOf('viewer'))
    expect(vote.signature).toBe(signature)
    expect(verifyVote(crypto, users, vote, before)).toEqual({ ok: true, value: vote })
    const invalid = { ok: false, error: { code: 'signature-invalid' } }
    expect(verifyVote(crypto, users, { ...vote, choice: 'down' }, before)).toMatchObject(invalid)
    const late = verifyVote(crypto, users, vote, draft.deadline * 1000)
    expect(late).toMatchObject({ ok: false, error: { code: 'vote-expired' } })
  })

  it('a watcher proves its key to this greeting alone, and answers for these bytes alone', () => {
    const { greeting, init, answer } = vectors.watch
    const source = { key: greeting.key as PublicKey, nonce: greeting.nonce as Hash }
    const draft = { escrow: init.escrow as Hash, leaf: Number(init.leaf) }
    const signed = signWatcherInit(crypto, source, draft, secretOf('ask'))
    expect(signed.proof).toBe(init.proof)
    expect(recoverWatcher(crypto, source, signed)).toBe(askKey)
    expect(recoverWatcher(crypto, { ...source, nonce: draft.escrow }, signed)).not.toBe(askKey)
    const bytes = bytesFromHex(vectors.watch.bytes as Hex)
    const nonce = vectors.watch.nonce as Hash
    expect(answerHash(nonce, bytes)).toBe(answer.hash)
    expect(answerHash(nonce, bytes.subarray(1))).not.toBe(answer.hash)
    const context = { ...draft, to: source.key }
    const said = {
      chunk: Number(answer.chunk),
      hash: answer.hash as Hash,
      visibleMs: Number(answer.visibleMs),
      code: answer.code,
    }
    const signedAnswer = signAnswer(crypto, context, said, secretOf('ask'))
    expect(signedAnswer.signature).toBe(answer.signature)
    expect(recoverAnswer(crypto, context, signedAnswer)).toBe(askKey)
    const longer = { ...signedAnswer, visibleMs: said.visibleMs + 1 }
    expect(recoverAnswer(crypto, context, longer)).not.toBe(askKey)
  })
})

describe('a batch of a campaign', () => {
  const viewer = addressOf(cryptoNoble, askKey) ?? plan.signer
  it('holds from one viewer to a whole tree of them, and no more', () => {
    const of = (count: number) =>
      buildCampaignBatch(
        Array.from({ length: count }, () => ({ viewer, payout: viewer, cap: 1 })),
        0,
        2,
      )
    expect([0, 1, 4, 5].map(count => of(count).ok)).toEqual([false, true, true, false])
  })

  it('promises no more than 40 bits of units', () => {
    const cap = 2 ** 40 - 1
    const batch = buildCampaignBatch(
      [
        { viewer, payout: viewer, cap },
        { viewer, payout: viewer, cap: 1 },
      ],
      0,
      1,
    )
    expect(batch).toMatchObject({ ok: false, error: { code: 'allotment-exceeds-capacity' } })
  })

  it('counts in whole units, never fewer than are owed', () => {
    expect([0n, 1n, 10n ** 12n, 10n ** 12n + 1n].map(unitsAbove)).toEqual([0, 1, 1, 2])
  })
})

describe('a frame of a watch stream', () => {
  const want = {
    chunk: 3,
    payment: { balance: 5n, signature: bid.signature },
    answer: {
      chunk: 2,
      hash: bid.salt,
      visibleMs: 4000,
      code: 'K7Q2',
      signature: bid.signature,
    },
  }
  const head = { chunk: 3, bytes: 1, nonce: bid.salt, payment: null, code: '' }

  it('is read as it was written', () => {
    expect(decodeWatch('want', encodeWatch(want))).toEqual({ ok: true, value: want })
    const first = { chunk: 0, payment: null, answer: null }
    expect(decodeWatch('want', encodeWatch(first))).toEqual({ ok: true, value: first })
    expect(decodeWatch('chunk', encodeWatch(head))).toEqual({ ok: true, value: head })
    expect(decodeWatch('initack', encodeWatch({ newest: want.payment })).ok).toBe(true)
    expect(decodeWatch('bye', encodeWatch({ code: 'done' })).ok).toBe(true)
  })

  it.each([
    { ...head, bytes: 0 },
    { ...head, bytes: 33_554_433 },
    { ...head, code: 'abc' },
    { ...head, code: 'ABCDEFGHJ' },
  ])('is refused where a field is out of its range', wrong => {
    expect(decodeWatch('chunk', encodeWatch(wrong))).toMatchObject({
      ok: false,
      error: { code: 'message-malformed' },
    })
  })
})
