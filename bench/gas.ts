/**
 * Gas of whole transactions on an osaka chain, payees already holding PTI. Prints one JSON line last:
 * `{ "rows": [{ "name", "gas", "committed", "limit" }] }`, and fails on a row above its limit or more than 1 % above what
 * bench/results/gas.json has. `--commit` writes that file.
 */
import { HDNodeWallet, Interface, parseEther, Wallet } from 'ethers'
import { paratiiRegistryAbi } from '#chain/bindings/paratii-registry.ts'
import { createSender } from '#chain/sender.ts'
import { createChainWriter } from '#chain/writer.ts'
import type { Terms } from '#protocol/terms.ts'
import { weiPerPti } from '#std/amount.ts'
import type { Address, Hex } from '#std/brand.ts'
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
const testPhrase = 'test test test test test test test test test test test junk'
const rows = await createGasRows()
const { add } = rows

const started = await startChain(periodSeconds)
const { chain, reader, writerOf } = started
const publisher = writerOf(1)
const buyer = actorOf('buyer')
const affiliate = actorOf('affiliate').address
const hosts = ['a', 'b', 'c', 'd'].map(name => actorOf(`host ${name}`))
const wallet = new Wallet(hexFromBytes(buyer.secretKey))
const deployer = createSender(started.rpc, chain.chainId, HDNodeWallet.fromPhrase(testPhrase))
let purchases = 0

const publish = async (title: string): Promise<Terms> => {
  const id = await publisher.registerVideo({ ...documentOf(publisher.address, periodSeconds), title })
  const [terms] = (await reader.video(id)).terms
  if (terms === undefined) throw new Error('the video has no terms')
  return terms
}

const buy = async (terms: Terms, count: number, payment: 'allowance' | 'authorization', site?: Address) => {
  const node = actorOf(`purchase ${purchases++}`)
  const { timestampSeconds } = await reader.head()
  const order = orderOf(started, terms, {
    ...{ buyer, node, payment, validUntil: timestampSeconds + 3600 },
    hosts: hosts.slice(0, count),
    ...(site === undefined ? {} : { affiliate: site }),
  })
  return { node, order, ...(await publisher.submitOrder(order)) }
}

/** Two batches of 100 receipts of pinned hosts, and one of 25 purchases with a tree of four. */
const measureReceipts = async (terms: Terms, kind: string, site?: Address): Promise<void> => {
  const pinned: Awaited<ReturnType<typeof buy>>[] = []
  for (let i = 0; i < 100; i++) pinned.push(await buy(terms, 1, 'allowance', site))
  const settlePinned = async (bytes: number) =>
    publisher.settle(pinned.map(({ order, node }) => claimOf(started, order, node, 0, bytes)))
  const first = await settlePinned(5_000_000)
  add(`first receipt of a pinned host${kind}, in a batch of 100`, first.transaction.gasUsed, 12_000, 100)
  const later = await settlePinned(15_000_000)
  add(`later receipt of a pinned host${kind}, in a batch of 100`, later.transaction.gasUsed, 12_000, 100)
  const shared: Awaited<ReturnType<typeof buy>>[] = []
  for (let i = 0; i < 25; i++) shared.push(await buy(terms, 4, 'allowance', site))
  const tree = await publisher.settle(
    shared.flatMap(({ order, node }) =>
      hosts.map((_, leaf) => claimOf(started, order, node, leaf, 2_000_000)),
    ),
  )
  add(`receipt of a tree of 4${kind}, in a batch of 100`, tree.transaction.gasUsed, 16_500, 100)
}

try {
  await chain.faucet(buyer.address, 10_000n * weiPerPti, parseEther('1'))
  const payees = [publisher.address, affiliate, started.addresses.avatar]
  for (const payee of [...payees, ...hosts.map(host => payoutOf(host.address))]) await chain.faucet(payee, 1n)
  const buyerWriter = createChainWriter(started.addresses, createSender(started.rpc, chain.chainId, wallet))
  await buyerWriter.approveStore(2n ** 256n - 1n)

  const terms = await publish('without shares')
  await buy(terms, 1, 'allowance') // the store's balance is not zero any more
  add('purchase by allowance', (await buy(terms, 1, 'allowance')).transaction.gasUsed, 88_500)
  add('purchase by ERC-3009, relayed', (await buy(terms, 1, 'authorization')).transaction.gasUsed, 112_500)
  add('purchase by transferAndCall', await buyByTransfer(started, terms, wallet), 83_500)
  await measureReceipts(terms, '')

  const share = new Interface(paratiiRegistryAbi).encodeFunctionData('setUint', ['avatarShareBps', 250])
  await deployer.send({ to: started.addresses.registry, data: share as Hex })
  await measureReceipts(await publish('with shares'), ' with affiliate and redistribution', affiliate)

  await measureClosing(started, terms, rows)
  await measureChannels(started, rows)
} finally {
  await chain.stop()
}
if (process.argv.includes('--commit')) await rows.commit()
if (rows.finish().length > 0) process.exitCode = 1
