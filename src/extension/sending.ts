import * as v from 'valibot'
import type { Transfer } from '#bridge/provider.ts'
import type { Network } from '#bridge/shapes.ts'
import type { Address, Hex } from '#std/brand.ts'
import { errorFrom, ParatiiError } from '#std/error.ts'
import type { Clock } from '#std/ports/clock.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import type { JsonRpc } from '#std/ports/json-rpc.ts'
import type { Keyring } from '#wallet/keyring.ts'
import { mostWei, signTransaction, type Transaction } from '#wallet/transaction.ts'
import type { Cell } from './store.ts'

/** What is to be sent; what is left out is asked of the chain. */
export type Draft = {
  readonly to: Address | undefined
  readonly valueWei: bigint
  readonly data: Hex
  readonly gas?: bigint
}
/** A draft with all that was asked, ready to be shown: only its nonce is taken when it is signed. */
export type Prepared = { readonly transaction: Omit<Transaction, 'nonce'>; readonly willFail: boolean }
/** How it is remembered. */
export type Memo = Pick<Transfer, 'token' | 'wei' | 'to' | 'description' | 'site'>

type SendingPorts = {
  readonly rpc: (network: Network) => JsonRpc
  readonly keyring: Pick<Keyring, 'signWith'>
  readonly transfers: Cell<Transfer[]>
  readonly crypto: Crypto
  readonly clock: Clock
  readonly changed: () => void
}

const quantity = v.pipe(
  v.string(),
  v.regex(/^0x[0-9a-f]{1,64}$/),
  v.transform(text => BigInt(text)),
)
const blockSchema = v.object({ baseFeePerGas: v.optional(quantity, '0x0') })
const receiptSchema = v.nullable(v.object({ status: quantity }))
const gwei = 10n ** 9n
const guessedGas = 500_000n
const mostRemembered = 200
const mostPriorityFee = 500n * gwei

/** Transactions of the person's own, in ether they own: written down, then sent, then watched. */
export class Sending {
  readonly #ports: SendingPorts
  #turn: Promise<unknown> = Promise.resolve()

  constructor(ports: SendingPorts) {
    this.#ports = ports
  }

  /** Asks the chain what a transaction will cost and whether it will fail. Signs nothing. */
  async prepare(network: Network, from: Address, draft: Draft): Promise<Prepared> {
    const rpc = this.#ports.rpc(network)
    const call = {
      from,
      ...(draft.to === undefined ? {} : { to: draft.to }),
      value: `0x${draft.valueWei.toString(16)}`,
      data: draft.data,
    }
    const [block, priority, estimate] = await Promise.all([
      rpc.request('eth_getBlockByNumber', ['latest', false]),
      rpc.request('eth_maxPriorityFeePerGas', []).catch(() => '0x3b9aca00'),
      rpc.request('eth_estimateGas', [call]).catch(thrown => {
        if (errorFrom(thrown).code === 'transaction-failed') return undefined
        throw thrown
      }),
    ])
    const { baseFeePerGas } = v.parse(blockSchema, block)
    const asked = v.parse(quantity, priority)
    const priorityFeeWei = asked > mostPriorityFee ? mostPriorityFee : asked
    const willFail = estimate === undefined
    // A fifth more than it takes now: what it meets when it is mined may be a little different.
    const gas = draft.gas ?? (willFail ? guessedGas : (v.parse(quantity, estimate) * 6n) / 5n)
    const { to, valueWei, data } = draft
    return {
      willFail,
      transaction: {
        chainId: network.chainId,
        to,
        valueWei,
        data,
        gas,
        priorityFeeWei,
        maxFeeWei: 2n * baseFeePerGas + priorityFeeWei,
      },
    }
  }

  /** Signs and sends what was shown. Throws `balance-too-low`, `wallet-locked`, `transaction-failed`. */
  send(
    network: Network,
    account: { readonly index: number; readonly address: Address },
    { transaction }: Prepared,
    memo: Memo,
  ): Promise<Transfer> {
    // One after the other: two at once would take the same nonce.
    const sent = this.#turn.then(() => this.#send(network, account, transaction, memo))
    this.#turn = sent.catch(() => undefined)
    return sent
  }

  async #send(
    network: Network,
    { index, address }: { readonly index: number; readonly address: Address },
    prepared: Omit<Transaction, 'nonce'>,
    memo: Memo,
  ): Promise<Transfer> {
    const { keyring, crypto, clock } = this.#ports
    const rpc = this.#ports.rpc(network)
    const [nonce, ether] = await Promise.all([
      rpc.request('eth_getTransactionCount', [address, 'pending']),
      rpc.request('eth_getBalance', [address, 'latest']),
    ])
    const transaction = { ...prepared, nonce: Number(v.parse(quantity, nonce)) }
    if (v.parse(quantity, ether) < mostWei(transaction)) throw new ParatiiError('ether-too-low')
    const { raw, hash } = await keyring.signWith(index, key => signTransaction(crypto, transaction, key))
    const transfer: Transfer = {
      ...memo,
      hash,
      from: address,
      chainId: network.chainId,
      atMs: clock.nowMs(),
      state: 'sent',
    }
    await this.#update(transfers => [transfer, ...transfers].slice(0, mostRemembered))
    try {
      await rpc.request('eth_sendRawTransaction', [raw])
    } catch (thrown) {
      // Refused is over; a node that only did not answer may have it.
      if (errorFrom(thrown).code === 'transaction-failed')
        await this.#update(transfers => transfers.filter(one => one.hash !== hash))
      throw thrown
    }
    return transfer
  }

  async list(): Promise<readonly Transfer[]> {
    return (await this.#ports.transfers.read()) ?? []
  }

  /** Asks what became of what was sent. A transaction that a reorganisation took out waits again. */
  async check(network: Network): Promise<void> {
    const rpc = this.#ports.rpc(network)
    for (const { hash, chainId, state, atMs } of await this.list()) {
      const isSettled = state !== 'sent' && atMs < this.#ports.clock.nowMs() - settledAfterMs
      if (chainId !== network.chainId || isSettled) continue
      const receipt = v.parse(receiptSchema, await rpc.request('eth_getTransactionReceipt', [hash]))
      const now = receipt === null ? 'sent' : receipt.status === 1n ? 'mined' : 'failed'
      if (now === state) continue
      await this.#update(transfers =>
        transfers.map(one => {
          if (one.hash !== hash) return one
          const { isUndone: _, ...rest } = one
          return { ...rest, state: now, ...(now === 'sent' ? { isUndone: true } : {}) }
        }),
      )
    }
  }

  async #update(change: (transfers: readonly Transfer[]) => Transfer[]): Promise<void> {
    await this.#ports.transfers.update(transfers => change(transfers ?? []))
    this.#ports.changed()
  }
}

/** What was mined so long ago is not taken out by a reorganisation. */
const settledAfterMs = 3_600_000
