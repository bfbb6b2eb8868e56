import { recallPromise, takeChunk } from '#market/content-watcher.ts'
import type { MediaDirectory } from '#media/dag.ts'
import { openWatch } from '#network/watch-link.ts'
import {
  type ChannelRoute,
  signBalanceProof,
  signUncooperativeClose,
  verifyBalanceProof,
} from '#protocol/balance-proof.ts'
import { paratiiDomain, type TypedDomain } from '#protocol/typed-data.ts'
import { signWatcherInit } from '#protocol/watch.ts'
import type { Hash, Signature } from '#std/brand.ts'
import { orThrow, ParatiiError } from '#std/error.ts'
import { type EarnerPorts, findAddresses } from './asking.ts'
import { routeOf } from './bidding.ts'
import { checkChunk, readDirectory, type VerifiedLeaf } from './chunk-check.ts'
import { findPaidChannel, savePaidChannel } from './seconds-records.ts'

const pollMs = 250

/** An open channel being watched: any chunk, in any order; to pause is to want nothing. */
export type PaidViewing = {
  readonly directory: MediaDirectory
  /** Pays for all that came before, and gets a chunk, verified. */
  chunk(chunk: number, signal: AbortSignal): Promise<readonly VerifiedLeaf[]>
  /** Base units owed for what was verified. */
  owedWei(): bigint
  /** Leaves the stream; the channel stays open, and is gone on with by {@link openPaidViewing}. */
  leave(): Promise<void>
}

/** Opens the stream of a channel that is on the chain. A proof of ours that the publisher shows is never gone below. */
export const openPaidViewing = async (
  ports: EarnerPorts,
  id: Hash,
  nodeKey: Uint8Array,
  signal: AbortSignal,
): Promise<PaidViewing> => {
  const { crypto, node, records } = ports
  const stored = await find(ports, id)
  const { acceptance, source } = stored
  const channels = await domainOf(ports, signal)
  const link = await openWatch(node, {
    addresses: await findAddresses(ports, acceptance.payee, signal),
    source,
    introduce: greeting => signWatcherInit(crypto, greeting, { escrow: id, leaf: 0 }, nodeKey),
    signal,
  })
  let { watcher } = stored
  const { newest } = link.ack
  if (newest !== null) {
    orThrow(verifyBalanceProof(crypto, channels, { channel: id, ...newest }, acceptance.signer))
    watcher = recallPromise(watcher, newest.balance)
  }
  const directory = await readDirectory(link, acceptance.address, signal)
  return {
    directory,
    owedWei: () => watcher.owedWei,
    async chunk(chunk, chunkSignal) {
      const payment =
        watcher.owedWei === 0n
          ? null
          : signBalanceProof(crypto, channels, { channel: id, balance: watcher.owedWei }, nodeKey)
      const sent = await link.want(
        {
          chunk,
          payment: payment && { balance: payment.balance, signature: payment.signature },
          answer: null,
        },
        chunkSignal,
      )
      if (sent === undefined || sent.head.chunk !== chunk) throw new ParatiiError('chunk-out-of-turn')
      const leaves = await checkChunk(directory, chunk, sent.bytes)
      watcher = takeChunk(watcher, chunk)
      // What is owed is written before anything is signed for it.
      await savePaidChannel(records, { ...stored, watcher })
      return leaves
    },
    leave: () => link.close(),
  }
}

/**
 * Stops: sends the last proof, and waits until the chain has paid it and returned the rest. Throws what the publisher
 * refuses with; its payer may then close alone.
 */
export const stopPaying = async (
  ports: EarnerPorts,
  id: Hash,
  nodeKey: Uint8Array,
  signal: AbortSignal,
): Promise<void> => {
  const { clock, crypto, mailbox, market } = ports
  const { acceptance, mailbox: key, watcher } = await find(ports, id)
  const channels = await domainOf(ports, signal)
  const body = signBalanceProof(crypto, channels, { channel: id, balance: watcher.owedWei }, nodeKey)
  const envelope = mailbox.seal(nodeKey, key, { type: 'channel-close', body })
  const addresses = await findAddresses(ports, acceptance.payee, signal)
  await mailbox.deliver({ addresses }, envelope, signal)
  while ((await market.channel(routeOf(channels, acceptance), signal)) !== undefined)
    await clock.sleep(pollMs, signal)
}

/**
 * What anybody needs to end a channel for us alone, where its publisher does not: our signature over what we owe. After a
 * period the rest returns.
 */
export const closeAlone = async (
  ports: EarnerPorts,
  id: Hash,
  nodeKey: Uint8Array,
  signal: AbortSignal,
): Promise<{ readonly route: ChannelRoute; readonly balance: bigint; readonly signature: Signature }> => {
  const { acceptance, watcher } = await find(ports, id)
  const channels = await domainOf(ports, signal)
  const draft = { channel: id, balance: watcher.owedWei }
  const signature = signUncooperativeClose(ports.crypto, channels, draft, nodeKey)
  return { route: routeOf(channels, acceptance), balance: draft.balance, signature }
}

const find = async ({ records }: EarnerPorts, id: Hash) => {
  const channel = await findPaidChannel(records, id)
  if (channel === undefined) throw new ParatiiError('channel-unknown')
  return channel
}

const domainOf = async ({ chainId, reader }: EarnerPorts, signal: AbortSignal): Promise<TypedDomain> =>
  paratiiDomain(chainId, (await reader.addresses(signal)).paymentChannels)
