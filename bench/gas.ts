/**
 * Gas of whole transactions on an osaka chain, payees already holding PTI. Prints one JSON line last:
 * `{ "rows": [{ "name", "gas", "committed", "limit" }] }`, and fails on a row above its limit or more than 1 % above what
 * bench/results/gas.json has. `--commit` writes that file.
 */
import { parseEther, Wallet } from 'ethers'
import { createSender } from '#chain/sender.ts'
import { createChainWriter } from '#chain/writer.ts'
import { weiPerPti } from '#std/amount.ts'
import { hexFromBytes } from '#std/bytes.ts'
import {
  actorOf,
  claimOf,
  documentOf,
  orderOf,
  payoutOf,
  startChain,
} from '../test/integration/chain-fixture.ts'
import { measureChannels } from './gas-channels.ts'
import { buyByTransfer, measureClosing } from './gas-closing.ts'
import { createGasRows } from './gas-rows.ts'

const periodSeconds = 86_400
const rows = await createGasRows()
const { add } = rows

const started = await startChain(periodSeconds)
const { chain, reader, writerOf } = started
try {
  const publisher = writerOf(1)
  const buyer = actorOf('buyer')
  const hosts = ['a', 'b', 'c', 'd'].map(name => actorOf(`host ${name}`))
  const id = await publisher.registerVideo(documentOf(publisher.address, periodSeconds))
  const terms = (await reader.video(id)).terms[0]
  if (terms === undefined) throw new Error('the video has no terms')
  await chain.faucet(buyer.address, 10_000n * weiPerPti, parseEther('1'))
  for (const payee of [publisher.address, ...hosts.map(host => payoutOf(host.address))])
    await chain.faucet(payee, 1n)
  const wallet = new Wallet(hexFromBytes(buyer.secretKey))
  const buyerWriter = createChainWriter(started.addresses, createSender(started.rpc, chain.chainId, wallet))
  await buyerWriter.approveStore(2n ** 256n - 1n)

  const { timestampSeconds } = await reader.head()
  const wish = { buyer, validUntil: timestampSeconds + 3600 }
  let purchases = 0
  const buy = async (count: number, payment: 'allowance' | 'authorization') => {
    const node = actorOf(`purchase ${purchases++}`)
    const order = orderOf(started, terms, { ...wish, node, hosts: hosts.slice(0, count), payment })
    return { node, order, ...(await publisher.submitOrder(order)) }
  }
  await buy(1, 'allowance') // the store's balance is not zero any more
  add('purchase by allowance', (await buy(1, 'allowance')).transaction.gasUsed, 88_500)
  add('purchase by ERC-3009, relayed', (await buy(1, 'authorization')).transaction.gasUsed, 112_500)

  add('purchase by transferAndCall', await buyByTransfer(started, terms, wallet), 83_500)

  const pinned: Awaited<ReturnType<typeof buy>>[] = []
  for (let i = 0; i < 100; i++) pinned.push(await buy(1, 'allowance'))
  const settlePinned = async (bytes: number) =>
    publisher.settle(pinned.map(({ order, node }) => claimOf(started, order, node, 0, bytes)))
  const first = await settlePinned(5_000_000)
  add('first receipt of a pinned host, in a batch of 100', first.transaction.gasUsed, 12_000, 100)
  const later = await settlePinned(15_000_000)
  add('later receipt of a pinned host, in a batch of 100', later.transaction.gasUsed, 12_000, 100)

  const shared: Awaited<ReturnType<typeof buy>>[] = []
  for (let i = 0; i < 25; i++) shared.push(await buy(4, 'allowance'))
  const tree = await publisher.settle(
    shared.flatMap(({ order, node }) =>
      hosts.map((_, leaf) => claimOf(started, order, node, leaf, 2_000_000)),
    ),
  )
  add('receipt of a tree of 4, in a batch of 100', tree.transaction.gasUsed, 16_500, 100)
  await measureClosing(started, terms, rows)
  await measureChannels(started, rows)
} finally {
  await chain.stop()
}
if (process.argv.includes('--commit')) await rows.commit()
if (rows.finish().length > 0) process.exitCode = 1
