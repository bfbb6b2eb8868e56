import { Interface } from 'ethers'
import type { BalanceProof, ChannelRoute } from '#protocol/balance-proof.ts'
import type { Address, Hex } from '#std/brand.ts'
import type { ContractAddresses } from './addresses.ts'
import { paratiiTokenAbi } from './bindings/paratii-token.ts'
import { paymentChannelsAbi } from './bindings/payment-channels.ts'
import type { MinedTransaction, Sender } from './sender.ts'
import { signatureArgument } from './settlement.ts'

/** What a poster and a storing host do with the channel between them. */
export type PostingChannels = {
  readonly address: Address
  /** Opens a channel of the sender with its own tokens. */
  open(
    route: Omit<ChannelRoute, 'payer'>,
    depositWei: bigint,
    signal?: AbortSignal,
  ): Promise<MinedTransaction>
  /** Pays the payee what a proof adds to what it got. Anybody may. */
  withdraw(route: ChannelRoute, proof: BalanceProof, signal?: AbortSignal): Promise<MinedTransaction>
}

const token = new Interface(paratiiTokenAbi)
const channels = new Interface(paymentChannelsAbi)

export const createPostingChannels = (addresses: ContractAddresses, sender: Sender): PostingChannels => {
  const call = (
    abi: Interface,
    to: Address,
    method: string,
    args: readonly unknown[],
    signal?: AbortSignal,
  ) => sender.send({ to, data: abi.encodeFunctionData(method, args) as Hex }, signal)
  return {
    address: sender.address,
    async open({ payee, signer, lane }, depositWei, signal) {
      await call(token, addresses.token, 'approve', [addresses.paymentChannels, depositWei], signal)
      const args = [payee, signer, lane, depositWei]
      return call(channels, addresses.paymentChannels, 'createChannel', args, signal)
    },
    withdraw: (route, { balance, signature }, signal) =>
      call(
        channels,
        addresses.paymentChannels,
        'withdraw',
        [route, balance, signatureArgument(signature)],
        signal,
      ),
  }
}
