import type { ChainReader } from '#chain/reader.ts'
import { walkDirectory } from '#media/dag.ts'
import type { MailRoute } from '#network/mail-stream.ts'
import type { MessageNode } from '#network/message-node.ts'
import { postBlocks } from '#network/posting-client.ts'
import { channelIdOf, signBalanceProof, verifyBalanceProof } from '#protocol/balance-proof.ts'
import type { BlockData } from '#protocol/block-data.ts'
import { parseFields, weiField } from '#protocol/fields.ts'
import { type ChannelName, type PostAck, signPosterProof } from '#protocol/posting.ts'
import { cidFromRoot } from '#protocol/terms.ts'
import { paratiiDomain } from '#protocol/typed-data.ts'
import type { Cid, FormatName, PublicKey, VideoId } from '#std/brand.ts'
import { orThrow, ParatiiError } from '#std/error.ts'
import type { Blocks } from '#std/ports/blocks.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import type { Records } from '#std/ports/records.ts'

export type PostingPorts = {
  readonly chainId: number
  readonly reader: ChainReader
  readonly node: MessageNode
  readonly records: Records
  readonly blocks: Blocks
  readonly crypto: Crypto
}

export type PostingOrder = {
  readonly id: VideoId
  readonly format: FormatName
  readonly host: PublicKey
  readonly route: MailRoute
  /** An open channel of the publisher's, paying the host's node key. */
  readonly channel: ChannelName
  /** The channel's signer. */
  readonly signerKey: Uint8Array
  /** Base units a byte above which nothing is posted. */
  readonly mostFeeWei: bigint
}

export type PostedVideo = { readonly newBytes: number; readonly balanceWei: bigint }

const table = 'publisher-postings'

/**
 * Pays a host to store and pin a format: sends it every block, and signs for what it stored. A balance is written down
 * before its proof is sent. Throws `fee-above-terms`, `payment-required` where the host asks for more than it was sent.
 */
export const postVideo = async (
  ports: PostingPorts,
  order: PostingOrder,
  signal: AbortSignal,
): Promise<PostedVideo> => {
  const { blocks, chainId, crypto, node, reader, records } = ports
  const { channel, format, host, id, mostFeeWei, route, signerKey } = order
  const [{ root }, { paymentChannels }] = await Promise.all([
    reader.terms(id, format, signal),
    reader.addresses(signal),
  ])
  const domain = paratiiDomain(chainId, paymentChannels)
  const channelId = channelIdOf(channel, channel.counter)
  const stored = await records.get(table, channelId)
  let balanceWei =
    stored === undefined ? 0n : orThrow(parseFields(weiField(96), JSON.parse(stored), 'store-failed'))
  let beganWei = 0n
  let feeWei = 0n
  const agree = async (ack: PostAck): Promise<void> => {
    if (ack.fee > mostFeeWei) throw new ParatiiError('fee-above-terms')
    feeWei = ack.fee
    beganWei = ack.balance
    if (ack.balance <= balanceWei) return
    // More than we remember: true if our own signature is on it.
    if (ack.signature === undefined) throw new ParatiiError('signature-invalid', { field: 'balance' })
    const proof = { channel: channelId, balance: ack.balance, signature: ack.signature }
    orThrow(verifyBalanceProof(crypto, domain, proof, channel.signer))
    balanceWei = ack.balance
  }
  const pay = async (askedWei: bigint, sentBytes: number) => {
    if (askedWei > beganWei + feeWei * BigInt(sentBytes)) throw new ParatiiError('payment-required')
    if (askedWei > balanceWei) {
      balanceWei = askedWei
      await records.write([{ table, key: channelId, value: JSON.stringify(balanceWei.toString()) }])
    }
    return signBalanceProof(crypto, domain, { channel: channelId, balance: balanceWei }, signerKey)
  }
  const newBytes = await postBlocks({
    node,
    route,
    host,
    introduce: init => signPosterProof(crypto, init, { channel, id, format, root }, signerKey),
    agree,
    pay,
    blocks: blocksUnder(blocks, cidFromRoot(root)),
    signal,
  })
  return { newBytes, balanceWei }
}

/** Every block under a root: inner nodes, then the leaves. */
async function* blocksUnder(blocks: Blocks, root: Cid): AsyncGenerator<BlockData> {
  const { nodes, leaves } = orThrow(await walkDirectory(root, cid => blocks.get(cid)))
  for (const cid of [...nodes, ...leaves.map(leaf => leaf.cid)]) {
    const bytes = await blocks.get(cid)
    if (bytes === undefined) throw new ParatiiError('block-absent', { cid })
    yield { cid, bytes }
  }
}
