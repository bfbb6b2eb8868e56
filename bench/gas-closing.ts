import { AbiCoder, concat, HDNodeWallet, Interface, keccak256, TypedDataEncoder, Wallet } from 'ethers'
import { paratiiTokenAbi } from '#chain/bindings/paratii-token.ts'
import { videoStoreAbi } from '#chain/bindings/video-store.ts'
import { createSender } from '#chain/sender.ts'
import { dealArgument, signatureArgument } from '#chain/settlement.ts'
import { nameOrder } from '#protocol/check-order.ts'
import type { Order } from '#protocol/order.ts'
import type { Terms } from '#protocol/terms.ts'
import type { Hex } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { orThrow } from '#std/error.ts'
import { actorOf, crypto, orderOf, payoutOf, type StartedChain } from '../test/integration/chain-fixture.ts'
import type { GasRows } from './gas-rows.ts'

const storeAbi = new Interface(videoStoreAbi)
const tokenAbi = new Interface(paratiiTokenAbi)
const abi = AbiCoder.defaultAbiCoder()
const testPhrase = 'test test test test test test test test test test test junk'
const hostCount = 100
const listedBytes = 150_000

/** An order as VideoStore.purchase takes it. */
const orderArgument = (order: Order) => ({
  buyer: order.buyer,
  deal: dealArgument(order),
  allotments: order.allotments,
  relayFee: order.relayFee,
  validUntil: order.validUntil,
  salt: order.salt,
})

const draftFor = async (started: StartedChain, terms: Terms, node: string, hosts: readonly string[]) => {
  const { timestampSeconds } = await started.reader.head()
  return orderOf(started, terms, {
    buyer: actorOf('buyer'),
    node: actorOf(node),
    hosts: hosts.map(actorOf),
    payment: 'allowance',
    validUntil: timestampSeconds + 3600,
  })
}

/** Gas of a purchase that the buyer's own transfer opens. */
export const buyByTransfer = async (started: StartedChain, terms: Terms, wallet: Wallet): Promise<bigint> => {
  const order = await draftFor(started, terms, 'purchase by transfer', ['host a'])
  const [purchase] = storeAbi.getFunction('purchase')?.inputs ?? []
  if (purchase === undefined) throw new Error('the store has no purchase')
  const data = concat([
    abi.encode([purchase], [orderArgument(order)]),
    abi.encode(['tuple(bytes32 r, bytes32 vs)'], [signatureArgument(order.IPFS_signature)]),
  ])
  const escrow = order.terms.price + BigInt(order.capacity) * order.terms.fee
  const call = [started.addresses.videoStore, escrow, data]
  const sent = await createSender(started.rpc, started.chain.chainId, wallet).send({
    to: started.addresses.token,
    data: tokenAbi.encodeFunctionData('transferAndCall(address,uint256,bytes)', call) as Hex,
  })
  return sent.gasUsed
}

/** The end of purchases with 100 hosts by one list: after the window, and at once. */
export const measureClosing = async (started: StartedChain, terms: Terms, rows: GasRows): Promise<void> => {
  const { chain, rpc, addresses } = started
  const hosts = Array.from({ length: hostCount }, (_, index) => `closing host ${index}`)
  for (const host of hosts) await chain.faucet(payoutOf(actorOf(host).address), 1n)
  const relayer = HDNodeWallet.fromPhrase(testPhrase, undefined, "m/44'/60'/0'/0/2")
  const owner = HDNodeWallet.fromPhrase(testPhrase, undefined, "m/44'/60'/0'/0/1")
  const sender = createSender(rpc, chain.chainId, relayer)
  const call = async (method: string, args: readonly unknown[]): Promise<bigint> => {
    const data = storeAbi.encodeFunctionData(method, [...args]) as Hex
    return (await sender.send({ to: addresses.videoStore, data })).gasUsed
  }

  const endingOf = async (node: string) => {
    const order = await draftFor(started, terms, node, hosts)
    await started.writerOf(1).submitOrder(order)
    const context = { chainId: chain.chainId, store: addresses.videoStore, token: addresses.token }
    const { nonce, signer } = orThrow(nameOrder(crypto, order, context))
    const shares = order.leaves.map(({ payee, payout, cap }) => ({
      keyCapBytes: (BigInt(payee) << 96n) | (BigInt(cap) << 40n) | BigInt(listedBytes),
      payout,
    }))
    const words = shares.flatMap(share => [share.keyCapBytes, BigInt(share.payout)])
    const digest = TypedDataEncoder.hash(
      { name: 'Paratii', version: '1', chainId: chain.chainId, verifyingContract: addresses.videoStore },
      {
        CloseTogether: [
          { name: 'purchase', type: 'bytes32' },
          { name: 'counts', type: 'bytes32' },
          { name: 'shares', type: 'bytes32' },
        ],
      },
      {
        purchase: nonce,
        counts: keccak256(abi.encode(['uint256'], [hostCount])),
        shares: keccak256(abi.encode(Array(words.length).fill('uint256'), words)),
      },
    )
    const sign = (key: string) => {
      const { r, yParityAndS } = new Wallet(key).signingKey.sign(digest)
      return { r, vs: yParityAndS }
    }
    const ending = {
      deal: dealArgument(order),
      signer,
      buyer: order.buyer,
      allotments: order.allotments,
      counts: [hostCount],
      shares,
      signature: sign(hexFromBytes(actorOf(node).secretKey)),
    }
    const all = [owner.privateKey, ...hosts.map(host => hexFromBytes(actorOf(host).secretKey))].map(sign)
    return { ending, all }
  }

  const now = await endingOf('ended at once')
  const atOnce = await call('closeTogether', [now.ending, now.all])
  rows.add('final allocation to 100 hosts, each, all sign', atOnce, 14_000, hostCount)
  const later = await endingOf('ended after the window')
  rows.add(
    'final allocation to 100 hosts, each, proposed',
    await call('closeTogether', [later.ending, []]),
    undefined,
    hostCount,
  )
  await rpc.request('evm_increaseTime', [86_401])
  await rpc.request('evm_mine', [])
  const afterwards = await call('finish', [later.ending])
  rows.add('final allocation to 100 hosts, each, after the window', afterwards, 11_200, hostCount)
}
