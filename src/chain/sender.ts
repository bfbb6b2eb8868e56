import { keccak256, type TransactionRequest } from 'ethers'
import * as v from 'valibot'
import type { Address, Hash, Hex } from '#std/brand.ts'
import { errorFrom, ParatiiError } from '#std/error.ts'
import type { JsonRpc } from '#std/ports/json-rpc.ts'
import { hashValue, type Log, logSchema, quantity } from './call.ts'
import { decodeContractError } from './contract-error.ts'
import { wait } from './wait.ts'

/** Who pays for transactions. A Wallet of ethers is one. */
export type TransactionSigner = {
  readonly address: string
  signTransaction(transaction: TransactionRequest): Promise<string>
}

/** What is sent: to a contract, or without `to` to create one. */
export type Transaction = { readonly to?: Address; readonly data: Hex; readonly valueWei?: bigint }

/** A transaction that was mined and did not revert. */
export type MinedTransaction = {
  readonly hash: Hash
  readonly blockNumber: number
  readonly gasUsed: bigint
  readonly contractAddress: Address | undefined
  readonly logs: readonly Log[]
}

/** Sends transactions of one account, in order; waiting for one holds up no other. */
export type Sender = {
  readonly address: Address
  /**
   * Resolves when the transaction is mined. Throws the contract's error without sending where a dry run reverts;
   * `transaction-pending` (details: `hash`) if it is not mined within 2 minutes, `chain-unreachable`, `aborted`.
   */
  send(transaction: Transaction, signal?: AbortSignal, note?: SentNote): Promise<MinedTransaction>
}

/**
 * Remembers a transaction that is to be sent once, so that a process that dies while it is on its way finds it again
 * in place of sending it twice.
 */
export type SentNote = {
  /** What {@link SentNote.keep} was given before, by this process or an earlier one. */
  find(): Promise<Hash | undefined>
  /** Stored when it resolves; nothing is sent before. */
  keep(hash: Hash): Promise<void>
}

const minedWithinMs = 120_000
const shortestPollMs = 50
const longestPollMs = 2000
/** Gas use may grow between dry run and block: other transactions write slots first. */
const gasMarginPercent = 125n

const quantityValue = v.pipe(
  v.string(),
  v.transform(text => BigInt(text)),
)
const receiptSchema = v.object({
  transactionHash: hashValue,
  blockNumber: quantityValue,
  status: quantityValue,
  gasUsed: quantityValue,
  contractAddress: v.nullish(hashValue),
  logs: v.array(logSchema),
})
const blockSchema = v.object({ baseFeePerGas: quantityValue })

export const createSender = (rpc: JsonRpc, chainId: number, signer: TransactionSigner): Sender => {
  const address = signer.address.toLowerCase() as Address
  let turn: Promise<unknown> = Promise.resolve()

  const submit = async (transaction: Transaction, signal?: AbortSignal, note?: SentNote): Promise<Hash> => {
    const call = {
      from: address,
      ...(transaction.to === undefined ? {} : { to: transaction.to }),
      data: transaction.data,
      value: quantity(transaction.valueWei ?? 0n),
    }
    const gas = v.parse(quantityValue, await rpc.request('eth_estimateGas', [call, 'latest'], signal))
    const [nonce, tip, block] = await Promise.all([
      rpc.request('eth_getTransactionCount', [address, 'pending'], signal),
      rpc.request('eth_maxPriorityFeePerGas', [], signal),
      rpc.request('eth_getBlockByNumber', ['latest', false], signal),
    ])
    const tipWei = v.parse(quantityValue, tip)
    const signed = await signer.signTransaction({
      type: 2,
      chainId,
      nonce: Number(v.parse(quantityValue, nonce)),
      to: transaction.to ?? null,
      data: transaction.data,
      value: transaction.valueWei ?? 0n,
      gasLimit: (gas * gasMarginPercent) / 100n,
      maxPriorityFeePerGas: tipWei,
      maxFeePerGas: 2n * v.parse(blockSchema, block).baseFeePerGas + tipWei,
    })
    const hash = keccak256(signed) as Hash
    await note?.keep(hash)
    await rpc.request('eth_sendRawTransaction', [signed], signal)
    return hash
  }

  /** One that was sent before, once it is mined; undefined if the chain never got it, dropped it, or reverted it. */
  const findSent = async (transaction: Transaction, signal?: AbortSignal, note?: SentNote) => {
    const hash = await note?.find()
    if (hash === undefined) return undefined
    if ((await rpc.request('eth_getTransactionByHash', [hash], signal)) === null) return undefined
    return waitUntilMined(hash, transaction, signal).catch(thrown => {
      if (signal?.aborted || errorFrom(decodeContractError(thrown)).retryable) throw thrown
      return undefined
    })
  }

  const waitUntilMined = async (hash: Hash, transaction: Transaction, signal?: AbortSignal) => {
    const startedAt = performance.now()
    for (let pollMs = shortestPollMs; ; pollMs = Math.min(2 * pollMs, longestPollMs)) {
      const answer = await rpc.request('eth_getTransactionReceipt', [hash], signal)
      if (answer !== null) return minedFrom(v.parse(receiptSchema, answer), transaction, signal)
      if (performance.now() - startedAt > minedWithinMs)
        throw new ParatiiError('transaction-pending', { hash })
      await wait(pollMs, signal)
    }
  }

  const minedFrom = async (
    receipt: v.InferOutput<typeof receiptSchema>,
    transaction: Transaction,
    signal?: AbortSignal,
  ): Promise<MinedTransaction> => {
    const hash = receipt.transactionHash
    if (receipt.status !== 1n) {
      // Run it again on the same block: the node then says what it reverted with.
      const call = { from: address, to: transaction.to, data: transaction.data }
      await rpc.request('eth_call', [call, quantity(receipt.blockNumber)], signal)
      throw new ParatiiError('transaction-failed', { hash })
    }
    return {
      hash,
      blockNumber: Number(receipt.blockNumber),
      gasUsed: receipt.gasUsed,
      contractAddress: (receipt.contractAddress ?? undefined) as Address | undefined,
      logs: receipt.logs,
    }
  }

  return {
    address,
    async send(transaction, signal, note) {
      try {
        const sent = await findSent(transaction, signal, note)
        if (sent !== undefined) return sent
        const submitted = turn.then(() => submit(transaction, signal, note))
        turn = submitted.catch(() => undefined)
        return await waitUntilMined(await submitted, transaction, signal)
      } catch (thrown) {
        if (signal?.aborted) throw new ParatiiError('aborted', {}, thrown)
        throw decodeContractError(thrown)
      }
    },
  }
}
