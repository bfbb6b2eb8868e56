import { parseFields } from '#protocol/fields.ts'
import { canonicalText } from '#protocol/json.ts'
import { paratiiDomain } from '#protocol/typed-data.ts'
import { type Vote, verifyVote, voteSchema } from '#protocol/vote.ts'
import { orThrow, ParatiiError } from '#std/error.ts'
import type { PublisherPorts, SecondsPorts } from './ports.ts'
import { listVideos } from './videos.ts'

const table = 'publisher-votes'
/** Votes in one transaction. */
const mostVotes = 100

/** Takes votes for our videos, and casts them in batches: voters need no ether. */
export class VoteDesk {
  readonly #ports: PublisherPorts
  readonly #market: Pick<SecondsPorts, 'marketWriter'>

  constructor(ports: PublisherPorts, market: Pick<SecondsPorts, 'marketWriter'>) {
    this.#ports = ports
    this.#market = market
  }

  /** Checks a vote and stores it, unless a newer one of its user is; that is what resolving acknowledges. */
  async take(vote: Vote): Promise<void> {
    const { clock, config, crypto, reader, records } = this.#ports
    const { userRegistry } = await reader.addresses()
    orThrow(verifyVote(crypto, paratiiDomain(config.chainId, userRegistry), vote, clock.nowMs()))
    if ((await listVideos(records, vote.video)).length === 0) throw new ParatiiError('video-unknown')
    const key = `${vote.video}/${vote.user}`
    const before = await records.get(table, key)
    if (before !== undefined && parse(before).sequence >= vote.sequence) return
    await records.write([{ table, key, value: canonicalText(vote) }])
  }

  /** Casts what is stored. A newer vote that comes meanwhile stays for the next batch. */
  async cast(signal?: AbortSignal): Promise<void> {
    const { notice, records } = this.#ports
    for (;;) {
      const page = await records.list(table, '', { limit: mostVotes })
      if (page.length === 0) return
      const { hash } = await this.#market.marketWriter.castVotes(
        page.map(({ value }) => parse(value)),
        signal,
      )
      notice('votes-cast', { votes: page.length, transaction: hash })
      for (const { key, value } of page)
        if ((await records.get(table, key)) === value) await records.write([{ table, key, value: undefined }])
    }
  }
}

const parse = (value: string): Vote => orThrow(parseFields(voteSchema, JSON.parse(value), 'store-failed'))
