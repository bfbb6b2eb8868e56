import type { Address, Hash } from '#std/brand.ts'
import { bytesFromUtf8, concatBytes } from '#std/bytes.ts'
import { hashFromBytes, keccak256 } from './hash.ts'
import { encodeWords, type WordType, type WordValue } from './words.ts'

/** EIP-712 domain: which contract on which chain may act on a signature. */
export type TypedDomain = {
  readonly name: string
  readonly version: string
  readonly chainId: number
  readonly verifyingContract: Address
}

/** An EIP-712 struct whose fields are one word each, in the order in which they are signed. */
export type TypedStruct<F extends Fields = Fields> = { readonly name: string; readonly fields: F }
type Fields = Readonly<Record<string, WordType>>
/** What is signed: a value for each field of the struct. */
export type TypedMessage<S extends TypedStruct> = {
  readonly [K in keyof S['fields']]: WordValue<S['fields'][K]>
}

/** What a wallet shows and signs: the argument of `eth_signTypedData_v4`. Integers are decimal text. */
export type TypedRequest = {
  readonly types: Readonly<Record<string, readonly { readonly name: string; readonly type: string }[]>>
  readonly primaryType: string
  readonly domain: TypedDomain
  readonly message: Readonly<Record<string, string>>
}

/** The domain of every contract of Paratii. */
export const paratiiDomain = (chainId: number, verifyingContract: Address): TypedDomain => ({
  name: 'Paratii',
  version: '1',
  chainId,
  verifyingContract,
})

const domainFields = {
  name: 'string',
  version: 'string',
  chainId: 'uint256',
  verifyingContract: 'address',
} as const

/** The 32 bytes that are signed: keccak256(0x1901 ‖ domain separator ‖ struct hash). */
export const digestTypedData = <S extends TypedStruct>(
  domain: TypedDomain,
  struct: S,
  message: TypedMessage<S>,
): Uint8Array =>
  keccak256(
    concatBytes(
      Uint8Array.of(0x19, 0x01),
      separatorOf(domain),
      keccak256(encodeWords([['bytes32', typeHashOf(struct)], ...wordsOf(struct, message)])),
    ),
  )

/** What to hand to a wallet so that it signs {@link digestTypedData} of the same arguments. */
export const describeTypedData = <S extends TypedStruct>(
  domain: TypedDomain,
  struct: S,
  message: TypedMessage<S>,
): TypedRequest => ({
  types: { EIP712Domain: listFields(domainFields), [struct.name]: listFields(struct.fields) },
  primaryType: struct.name,
  domain,
  message: Object.fromEntries(Object.keys(struct.fields).map(name => [name, String(message[name])])),
})

/** The `encodeType` text of EIP-712, such as `Receipt(bytes32 purchase,…)`. */
export const encodeType = (name: string, fields: Readonly<Record<string, string>>): string =>
  `${name}(${Object.entries(fields)
    .map(([field, type]) => `${type} ${field}`)
    .join(',')})`

/** A host hashes thousands of receipts a second under one domain and one struct: both are hashed once. */
const separators = new WeakMap<TypedDomain, Uint8Array>()
const typeHashes = new WeakMap<TypedStruct, Hash>()

const separatorOf = (domain: TypedDomain): Uint8Array => {
  const separator = separators.get(domain) ?? keccak256(encodeDomain(domain))
  separators.set(domain, separator)
  return separator
}

const typeHashOf = (struct: TypedStruct): Hash => {
  const hash = typeHashes.get(struct) ?? hashType(struct.name, struct.fields)
  typeHashes.set(struct, hash)
  return hash
}

const hashText = (text: string): Hash => hashFromBytes(keccak256(bytesFromUtf8(text)))

const hashType = (name: string, fields: Readonly<Record<string, string>>): Hash =>
  hashText(encodeType(name, fields))

const encodeDomain = (domain: TypedDomain): Uint8Array =>
  encodeWords([
    ['bytes32', hashType('EIP712Domain', domainFields)],
    ['bytes32', hashText(domain.name)],
    ['bytes32', hashText(domain.version)],
    ['uint256', domain.chainId],
    ['address', domain.verifyingContract],
  ])

const wordsOf = <S extends TypedStruct>(struct: S, message: TypedMessage<S>) =>
  Object.entries(struct.fields).map(([name, type]): [WordType, Hash | Address | number | bigint] => {
    const value: Hash | Address | number | bigint | undefined = message[name]
    if (value === undefined) throw new RangeError(`${struct.name} lacks ${name}`)
    return [type, value]
  })

const listFields = (fields: Readonly<Record<string, string>>) =>
  Object.entries(fields).map(([name, type]) => ({ name, type }))
