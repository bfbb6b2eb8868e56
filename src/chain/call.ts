import type { Interface } from 'ethers'
import * as v from 'valibot'
import { publicKeyField, type Schema } from '#protocol/fields.ts'
import type { Address, Hash, Hex, PublicKey } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import type { JsonRpc } from '#std/ports/json-rpc.ts'
import { decodeContractError } from './contract-error.ts'

/** ABI values as `ethers` decodes them, parsed to ours: lowercase hex, numbers up to 2^53, bigint above. */
export const hashValue: Schema<Hash> = v.pipe(
  v.string(),
  v.transform(text => text.toLowerCase() as Hash),
)
export const addressValue: Schema<Address> = v.pipe(
  v.string(),
  v.transform(text => text.toLowerCase() as Address),
)
export const numberValue: Schema<number> = v.pipe(
  v.bigint(),
  v.transform(value => Number(value)),
  v.safeInteger(),
)
export const weiValue: Schema<bigint> = v.bigint()
export const booleanValue: Schema<boolean> = v.boolean()
/** A compressed public key. */
export const keyValue: Schema<PublicKey> = publicKeyField

/** A deployed contract, and how to talk with it. */
export type Contract = { readonly address: Address; readonly abi: Interface }

/**
 * Calls a view function at the latest block and parses its one return value. Throws what the contract reverted with,
 * `chain-unreachable`, or `chain-mismatch` if what answers there is not such a contract.
 */
export const callContract = async <T>(
  rpc: JsonRpc,
  contract: Contract,
  method: string,
  args: readonly unknown[],
  schema: Schema<T>,
  signal?: AbortSignal,
): Promise<T> => {
  const data = contract.abi.encodeFunctionData(method, args)
  let answer: unknown
  try {
    answer = await rpc.request('eth_call', [{ to: contract.address, data }, 'latest'], signal)
  } catch (thrown) {
    throw decodeContractError(thrown)
  }
  return decodeValue(
    contract,
    schema,
    () => contract.abi.decodeFunctionResult(method, String(answer)).toArray(true)[0],
  )
}

const decodeValue = <T>(contract: Contract, schema: Schema<T>, decode: () => unknown): T => {
  try {
    return v.parse(schema, decode())
  } catch (cause) {
    throw new ParatiiError('chain-mismatch', { contract: contract.address }, cause)
  }
}

/** A log of `eth_getLogs` or of a transaction's receipt, as far as it is used. */
export const logSchema = v.object({
  address: addressValue,
  topics: v.array(v.string()),
  data: v.string(),
  blockNumber: v.pipe(
    v.string(),
    v.transform(text => Number(text)),
  ),
  transactionHash: hashValue,
})
export type Log = v.InferOutput<typeof logSchema>

/** Parses a log's arguments in the order of the event's declaration; `undefined` if it is another event. */
export const parseLog = <T>(
  contract: Contract,
  event: string,
  log: Log,
  schema: Schema<T>,
): T | undefined => {
  const parsed = contract.abi.parseLog(log)
  if (log.address !== contract.address || parsed?.name !== event) return undefined
  return decodeValue(contract, schema, () => parsed.args.toArray(true))
}

/** A number as JSON-RPC writes it. */
export const quantity = (value: number | bigint): Hex => `0x${value.toString(16)}`
