import { concat, Interface, parseEther, TypedDataEncoder, Wallet } from 'ethers'
import { paratiiTokenAbi } from '#chain/bindings/paratii-token.ts'
import { paymentChannelsAbi } from '#chain/bindings/payment-channels.ts'
import { createSender } from '#chain/sender.ts'
import { weiPerPti } from '#std/amount.ts'
import type { Address, Hex } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { type Actor, actorOf, type StartedChain } from '../test/integration/chain-fixture.ts'
import type { GasRows } from './gas-rows.ts'

const channelsAbi = new Interface(paymentChannelsAbi)
const tokenAbi = new Interface(paratiiTokenAbi)
const none = { r: `0x${'00'.repeat(32)}`, vs: `0x${'00'.repeat(32)}` }
const deposit = 10n * weiPerPti

/** Operations of payment channels, payees already holding PTI, the contract too. */
export const measureChannels = async (started: StartedChain, rows: GasRows): Promise<void> => {
  const { chain, rpc, addresses } = started
  const channels = addresses.paymentChannels
  const accountOf = async (name: string) => {
    const actor = actorOf(name)
    await chain.faucet(actor.address, 10_000n * weiPerPti, parseEther('10'))
    const wallet = new Wallet(hexFromBytes(actor.secretKey))
    return { ...actor, wallet, sender: createSender(rpc, chain.chainId, wallet) }
  }
  type Account = Awaited<ReturnType<typeof accountOf>>
  const payer = await accountOf('channel payer')
  const payee = await accountOf('channel payee')
  const relayer = await accountOf('channel relayer')
  const signer = actorOf('channel signer')
  const signerWallet = new Wallet(hexFromBytes(signer.secretKey))

  const send = async (from: Account, to: Address, data: string): Promise<bigint> =>
    (await from.sender.send({ to, data: data as Hex })).gasUsed
  const act = (from: Account, method: string, args: readonly unknown[]) =>
    send(from, channels, channelsAbi.encodeFunctionData(method, [...args]))
  const routeOf = (lane: bigint, from: Actor = payer) => [from.address, payee.address, signer.address, lane]
  const transferAndCall = (data: string, from: Account = payer) =>
    send(
      from,
      addresses.token,
      tokenAbi.encodeFunctionData('transferAndCall(address,uint256,bytes)', [channels, deposit, data]),
    )
  const openData = (lane: bigint) =>
    concat([payee.address, signer.address, `0x${lane.toString(16).padStart(24, '0')}`])
  const open = (lane: bigint) => transferAndCall(openData(lane))
  const idOf = async (lane: bigint, counter: number): Promise<string> => {
    const data = channelsAbi.encodeFunctionData('idOfChannel', [routeOf(lane), counter])
    return String(await rpc.request('eth_call', [{ to: channels, data }, 'latest']))
  }
  const domain = { name: 'Paratii', version: '1', chainId: chain.chainId, verifyingContract: channels }
  const sign = (wallet: Wallet, type: string, channel: string, balance: bigint) => {
    const types = {
      [type]: [
        { name: 'channel', type: 'bytes32' },
        { name: 'balance', type: 'uint256' },
      ],
    }
    const { r, yParityAndS } = wallet.signingKey.sign(
      TypedDataEncoder.hash(domain, types, { channel, balance }),
    )
    return { r, vs: yParityAndS }
  }
  const prove = (channel: string, balance: bigint) => sign(signerWallet, 'BalanceProof', channel, balance)
  const agree = (channel: string, balance: bigint) => sign(payee.wallet, 'ClosingSignature', channel, balance)

  // As short as it gets: the payer signs its proofs itself, in lane 0.
  const openOwn = () => transferAndCall(payee.address)
  const ownRoute = [payer.address, payee.address, payer.address, 0n]

  await open(0n) // the contract's balance is not zero any more
  rows.add('open a channel by ERC-1363, first', await openOwn(), 64_000)
  await act(payee, 'cooperativeClose', [ownRoute, 0n, none, none])
  rows.add('open a channel by ERC-1363, reopened pair', await openOwn(), 47_000)
  rows.add('open a channel by ERC-1363, first, with a signer and a lane', await open(1n))
  let id = await idOf(1n, 1)
  rows.add('withdraw', await act(payee, 'withdraw', [routeOf(1n), weiPerPti, prove(id, weiPerPti)]), 50_000)
  rows.add('top up by ERC-1363', await transferAndCall(concat([openData(1n), '0x0000000001'])), 47_200)
  rows.add(
    'cooperative close, sent by a party',
    await act(payee, 'cooperativeClose', [routeOf(1n), 2n * weiPerPti, prove(id, 2n * weiPerPti), none]),
    58_500,
  )
  await open(1n)
  id = await idOf(1n, 2)
  rows.add(
    'cooperative close, relayed',
    await act(relayer, 'cooperativeClose', [
      routeOf(1n),
      2n * weiPerPti,
      prove(id, 2n * weiPerPti),
      agree(id, 2n * weiPerPti),
    ]),
    63_000,
  )
  await open(1n)
  rows.add('uncooperative close', await act(payer, 'uncooperativeClose', [routeOf(1n), weiPerPti]))
  await rpc.request('evm_increaseTime', [86_401])
  await rpc.request('evm_mine', [])
  rows.add('settle after a close', await act(relayer, 'settle', [routeOf(1n)]), 45_800)

  const items: { payerAndLane: bigint; signerAndBalance: bigint; proof: { r: string; vs: string } }[] = []
  for (let lane = 100n; lane < 200n; lane++) {
    await open(lane)
    items.push({
      payerAndLane: (BigInt(payer.address) << 96n) | lane,
      signerAndBalance: (BigInt(signer.address) << 96n) | weiPerPti,
      proof: prove(await idOf(lane, 1), weiPerPti),
    })
  }
  const batch = await act(relayer, 'withdrawMany', [payee.address, items])
  rows.add('withdraw, in a batch of 100', batch, 12_800, 100)
}
