import { type Letter, Mailbox } from '#network/mailbox.ts'
import { serveWatch } from '#network/watch-source.ts'
import type { AllottedAnswer } from '#protocol/attention-bid.ts'
import { identityOf } from '#protocol/signature.ts'
import { paratiiDomain } from '#protocol/typed-data.ts'
import { errorFrom, ParatiiError } from '#std/error.ts'
import { Turns } from '#std/turns.ts'
import { AllottingDesk } from './allotting.ts'
import { BidDesk } from './bid-desk.ts'
import { findPlace, type StoredLeaf } from './bid-records.ts'
import { type AdvertiserPorts, errorDetails } from './ports.ts'
import { settleCampaigns } from './settling.ts'

import { WatchDesk } from './watch-desk.ts'

const settleWithinMs = 60_000

export type Advertiser = {
  addresses(): readonly string[]
  /** Settles viewings; while running only those that ended or stand still. */
  settle(isStopping: boolean, signal?: AbortSignal): Promise<void>
  /** Ends what is under way, settles, and stops. */
  stop(): Promise<void>
}

/** Starts to bid: says on the chain where it is reached, goes on with what an earlier run accepted, and takes mail. */
export const startAdvertiser = async (ports: AdvertiserPorts, signal?: AbortSignal): Promise<Advertiser> => {
  const { campaigns } = await ports.reader.addresses(signal)
  const advertiser = new RunningAdvertiser(ports, paratiiDomain(ports.config.chainId, campaigns))
  await advertiser.start(signal)
  return advertiser
}

class RunningAdvertiser implements Advertiser {
  readonly #ports: AdvertiserPorts
  readonly #bids: BidDesk
  readonly #allotting: AllottingDesk
  readonly #watching: WatchDesk
  readonly #stopping = new AbortController()
  #ticking: Promise<void> = Promise.resolve()
  #close: () => Promise<void> = async () => {}

  constructor(ports: AdvertiserPorts, campaigns: ConstructorParameters<typeof WatchDesk>[1]) {
    const turns = new Turns()
    this.#ports = ports
    this.#bids = new BidDesk(ports, campaigns, turns)
    this.#allotting = new AllottingDesk(ports, turns, this.#stopping.signal)
    this.#watching = new WatchDesk(ports, campaigns, turns)
  }

  async start(signal?: AbortSignal): Promise<void> {
    const { node, walletKey } = this.#ports
    const mailbox = await Mailbox.start(this.#ports)
    const stopWatch = await serveWatch(node, this.#watching)
    this.#close = async () => {
      await mailbox.stop()
      await stopWatch()
    }
    await this.#announce(signal)
    await this.#allotting.resume()
    mailbox.open(walletKey, (letter, letterSignal) => this.#read(letter, letterSignal))
    this.#ticking = this.#keepTicking()
  }

  addresses(): readonly string[] {
    return this.#ports.node.getMultiaddrs().map(String)
  }

  settle(isStopping: boolean, signal?: AbortSignal): Promise<void> {
    const restMs = 4 * this.#ports.config.tickMs
    const isRunning = ({ source }: StoredLeaf) =>
      !isStopping &&
      source.ended === undefined &&
      (source.last?.atMs ?? 0) > this.#ports.clock.nowMs() - restMs
    return settleCampaigns(this.#ports, isRunning, signal)
  }

  async stop(): Promise<void> {
    await this.#close()
    this.#stopping.abort(new ParatiiError('stopping'))
    await this.#ticking
    await this.#allotting.settled()
    await this.settle(true, AbortSignal.timeout(settleWithinMs)).catch(thrown =>
      this.#fail('settle-failed', errorFrom(thrown)),
    )
  }

  async #read(letter: Letter, signal: AbortSignal): Promise<void> {
    const { message, reply } = letter
    switch (message.type) {
      case 'ask':
        return this.#bids.ask(letter, message.body, signal)
      case 'acceptance': {
        const { hash } = message.body
        const before = await findPlace(this.#ports.records, hash)
        const place =
          before === undefined
            ? this.#allotting.place(await this.#bids.accept(message.body))
            : Promise.resolve(before)
        place
          .then(placeAnswer, (error: ParatiiError): AllottedAnswer => ({ hash, code: error.code }))
          .then(answer => reply('allotted', answer, this.#stopping.signal))
          // The viewer left; its part stays committed, and it may ask for it again.
          .catch(() => {})
        return
      }
      default:
        throw new ParatiiError('unsupported')
    }
  }

  /** Keeps UserRegistry true: where we read mail, and where our node is. Costs gas only when something changed. */
  async #announce(signal?: AbortSignal): Promise<void> {
    const { crypto, nodeKey, reader, walletKey, writer } = this.#ports
    const wallet = identityOf(crypto, walletKey)
    if ((await reader.mailboxKey(wallet.address, signal)) !== wallet.publicKey)
      await writer.setMailboxKey(wallet.publicKey, signal)
    const nodes = [{ key: identityOf(crypto, nodeKey).publicKey, addresses: this.addresses() }]
    if (JSON.stringify(await reader.nodes(wallet.address, signal)) !== JSON.stringify(nodes))
      await writer.setNodes(nodes, signal)
  }

  async #keepTicking(): Promise<void> {
    const { clock, config } = this.#ports
    const { signal } = this.#stopping
    while (!signal.aborted) {
      await Promise.all([
        this.settle(false, signal),
        this.#bids.forgetVoid(),
        this.#allotting.resume(),
      ]).catch(thrown => this.#fail('tick-failed', errorFrom(thrown)))
      await clock.sleep(config.tickMs, signal).catch(() => {})
    }
  }

  #fail(event: string, error: ParatiiError): void {
    if (error.code === 'aborted' || error.code === 'stopping') return
    this.#ports.notice(event, errorDetails(error))
  }
}

const placeAnswer = ({ hash, leaf, units, siblings }: StoredLeaf): AllottedAnswer => ({
  hash,
  leaf,
  cap: units,
  siblings,
})
