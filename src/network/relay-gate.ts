import { TopicValidatorResult } from '@libp2p/gossipsub'
import { openAnnouncement } from '#protocol/announcement.ts'
import { checkEnvelope, maxEnvelopeBytes } from '#protocol/envelope.ts'
import { decodeFrame } from '#protocol/frame.ts'
import { type Got, openGot } from '#protocol/relaying.ts'
import { publicTopics, topicOf } from '#protocol/topic.ts'
import type { PublicKey } from '#std/brand.ts'
import { failed } from '#std/error.ts'
import type { Clock } from '#std/ports/clock.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import { type Failed, ok, type Result } from '#std/result.ts'
import type { PeerScores } from './peer-scores.ts'
import { TokenBuckets } from './token-buckets.ts'

const peerRate = { burst: 8 * 1_048_576, perSecond: 524_288 }
const topicRate = { burst: 4 * 1_048_576, perSecond: 131_072 }
/** Mailboxes that a peer may send to which were not heard of before: each answer goes to a new one. */
const newTopicRate = { burst: 8192, perSecond: 256 }

export type RelayGatePorts = {
  readonly crypto: Crypto
  readonly clock: Clock
  readonly scores: PeerScores
  /** Whether a topic is joined. */
  isJoined(topic: string): boolean
}

/** What a relay lets in: all that anyone can check is checked, floods go no further, and junk costs its sender score. */
export class RelayGate {
  readonly #ports: RelayGatePorts
  readonly #peerQuota: TokenBuckets
  readonly #topicQuota: TokenBuckets
  readonly #newTopicQuota: TokenBuckets

  constructor(ports: RelayGatePorts) {
    this.#ports = ports
    this.#peerQuota = new TokenBuckets(ports.clock, peerRate)
    this.#topicQuota = new TokenBuckets(ports.clock, topicRate)
    this.#newTopicQuota = new TokenBuckets(ports.clock, newTopicRate)
  }

  /** Quotas, and what of an envelope anyone can check. The receiver's key. */
  check(peer: string, envelope: Uint8Array): Result<PublicKey> {
    if (!this.#peerQuota.take(peer, envelope.length)) return failed('rate-limited')
    const checked = checkEnvelope(this.#ports.crypto, envelope)
    if (!checked.ok) {
      this.judge(peer, checked)
      return checked
    }
    const { receiver } = checked.value
    const topic = topicOf(receiver)
    if (!this.#ports.isJoined(topic) && !this.#newTopicQuota.take(peer, 1)) return failed('rate-limited')
    return this.#topicQuota.take(topic, envelope.length) ? ok(receiver) : failed('rate-limited')
  }

  /** A receiver's word for what arrived. Anybody can sign names of nothing: each is kept with the word, and costs as much. */
  checkGot(peer: string, bytes: Uint8Array): Result<Got> {
    const got = openGot(this.#ports.crypto, bytes)
    if (!got.ok) {
      this.judge(peer, got)
      return got
    }
    return this.#peerQuota.take(peer, bytes.length * got.value.envelopes.length)
      ? got
      : failed('rate-limited')
  }

  /** What gossipsub asks before a message goes on. */
  validate(
    peer: string,
    { topic, data }: { readonly topic: string; readonly data: Uint8Array },
  ): TopicValidatorResult {
    const frame = decodeFrame(data, maxEnvelopeBytes)
    if (!frame.ok) return this.#reject(peer, frame)
    const { cmd, data: bytes } = frame.value
    if (cmd === 'relay' && topic === publicTopics.relay) return this.#accept(peer, this.openListing(bytes))
    if (cmd === 'got') {
      const got = this.checkGot(peer, bytes)
      if (!got.ok) return refusalOf(got)
      return this.#accept(peer, topicOf(got.value.to) === topic ? got : elsewhere)
    }
    if (cmd !== 'mail') return TopicValidatorResult.Ignore
    const checked = this.check(peer, bytes)
    if (!checked.ok) return refusalOf(checked)
    return this.#accept(peer, topicOf(checked.value) === topic ? checked : elsewhere)
  }

  /** A relay's word on itself: signed by the key that it names. */
  openListing(bytes: Uint8Array) {
    const { crypto, clock } = this.#ports
    const heard = openAnnouncement(crypto, bytes, {
      type: 'relay',
      topic: publicTopics.relay,
      nowMs: clock.nowMs(),
    })
    if (!heard.ok) return heard
    const { sender, announcement } = heard.value
    return sender === announcement.body.key ? heard : failed('signature-invalid', { field: 'key' })
  }

  judge(peer: string, result: Result<unknown>): void {
    if (!result.ok && result.error.code !== 'rate-limited') this.#ports.scores.punish(peer)
  }

  #accept(peer: string, result: Result<unknown>): TopicValidatorResult {
    return result.ok ? TopicValidatorResult.Accept : this.#reject(peer, result)
  }

  #reject(peer: string, result: Result<unknown>): TopicValidatorResult {
    this.judge(peer, result)
    return TopicValidatorResult.Reject
  }
}

/** A flood is not passed on, and costs nobody score: it may be honest. */
const refusalOf = ({ error }: Failed): TopicValidatorResult =>
  error.code === 'rate-limited' ? TopicValidatorResult.Ignore : TopicValidatorResult.Reject

const elsewhere = failed('message-malformed', { reason: 'topic' })
