import { encodeRlp } from 'ethers/utils'
import { keccak256 } from '#protocol/hash.ts'
import type { Address, Hash, Hex } from '#std/brand.ts'
import { bytesFromHex, concatBytes, hexFromBytes } from '#std/bytes.ts'
import type { Crypto } from '#std/ports/crypto.ts'

/** An EIP-1559 transaction without an access list. Amounts in wei, fees in wei a unit of gas. */
export type Transaction = {
  readonly chainId: number
  readonly nonce: number
  /** `undefined` creates a contract. */
  readonly to: Address | undefined
  readonly valueWei: bigint
  readonly data: Hex
  readonly gas: bigint
  readonly maxFeeWei: bigint
  readonly priorityFeeWei: bigint
}

/** The most that a transaction can take from its sender: what it sends, and what its gas costs. */
export const mostWei = (transaction: Transaction): bigint =>
  transaction.valueWei + transaction.gas * transaction.maxFeeWei

/** Signs; what goes to `eth_sendRawTransaction`, and the hash by which it is found. */
export function signTransaction(
  crypto: Crypto,
  transaction: Transaction,
  secretKey: Uint8Array,
): { readonly raw: Hex; readonly hash: Hash } {
  const fields = fieldsOf(transaction)
  const { bytes, recovery } = crypto.sign(keccak256(encode(fields)), secretKey)
  const [r, s] = [bytes.subarray(0, 32), bytes.subarray(32)].map(part =>
    numberHex(BigInt(hexFromBytes(part))),
  )
  const raw = encode([...fields, numberHex(BigInt(recovery)), r ?? '0x', s ?? '0x'])
  return { raw: hexFromBytes(raw), hash: hexFromBytes(keccak256(raw)) as Hash }
}

type Field = string | Field[]

const fieldsOf = (transaction: Transaction): Field[] => [
  numberHex(BigInt(transaction.chainId)),
  numberHex(BigInt(transaction.nonce)),
  numberHex(transaction.priorityFeeWei),
  numberHex(transaction.maxFeeWei),
  numberHex(transaction.gas),
  transaction.to ?? '0x',
  numberHex(transaction.valueWei),
  transaction.data,
  [],
]

const encode = (fields: Field[]): Uint8Array =>
  concatBytes(Uint8Array.of(2), bytesFromHex(encodeRlp(fields) as Hex))

/** RLP writes a number as its bytes without leading zeros, and zero as none. */
function numberHex(value: bigint): string {
  if (value === 0n) return '0x'
  const digits = value.toString(16)
  return `0x${digits.length % 2 === 0 ? digits : `0${digits}`}`
}
