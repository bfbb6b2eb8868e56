import { TypedDataEncoder } from 'ethers/hash'
import * as v from 'valibot'
import type { Address, Hash } from '#std/brand.ts'
import { failed } from '#std/error.ts'
import { ok, type Result } from '#std/result.ts'

const nameField = v.pipe(v.string(), v.regex(/^[A-Za-z_$][\w$]{0,99}$/))
const typeField = v.pipe(v.string(), v.regex(/^[A-Za-z_$][\w$]{0,99}(?:\[\d{0,4}\]){0,3}$/))
const fieldsSchema = v.pipe(v.array(v.object({ name: nameField, type: typeField })), v.maxLength(50))
const requestSchema = v.object({
  types: v.pipe(
    v.record(nameField, fieldsSchema),
    v.check(types => Object.keys(types).length <= 50),
  ),
  primaryType: nameField,
  domain: v.looseObject({
    name: v.optional(v.string()),
    version: v.optional(v.string()),
    chainId: v.optional(
      v.pipe(v.union([v.number(), v.string()]), v.transform(Number), v.safeInteger(), v.minValue(0)),
    ),
    verifyingContract: v.optional(v.pipe(v.string(), v.regex(/^0x[0-9a-fA-F]{40}$/))),
    salt: v.optional(v.pipe(v.string(), v.regex(/^0x[0-9a-fA-F]{64}$/))),
  }),
  message: v.record(v.string(), v.unknown()),
})

/** What `eth_signTypedData_v4` asks for, as it will be shown and signed. */
export type TypedAsked = {
  readonly primaryType: string
  readonly domain: {
    readonly name: string | undefined
    readonly chainId: number | undefined
    readonly verifyingContract: Address | undefined
  }
  /** Every value that is signed, by its path such as `permit.spender`. */
  readonly fields: readonly { readonly path: string; readonly value: string }[]
  readonly digest: Hash
}

const domainOrder = ['name', 'version', 'chainId', 'verifyingContract', 'salt'] as const
const mostFields = 200

/**
 * Reads what a site wants signed, given as JSON text or as an object. `request-malformed` for what EIP-712 does not
 * describe, or what lists other fields of its domain than it has, since wallets would disagree on what that means.
 * `not-permitted` for Paratii's own documents: those are signed for what the wallet itself has shown and counted, and
 * only contracts in a domain of this name act on them.
 */
export function readTypedRequest(asked: unknown): Result<TypedAsked> {
  const parsed = v.safeParse(requestSchema, typeof asked === 'string' ? parseJson(asked) : asked)
  if (!parsed.success) return failed('request-malformed')
  const { types, primaryType, domain, message } = parsed.output
  const { EIP712Domain: domainFields = [], ...structs } = types
  const present = domainOrder.filter(name => domain[name] !== undefined)
  const listed = domainFields.map(({ name }) => name)
  const isWhole = Object.keys(domain).every(name => present.some(known => known === name))
  if (!isWhole || (domainFields.length > 0 && listed.join() !== present.join()))
    return failed('request-malformed')
  if (domain.name?.normalize('NFKC').trim().toLowerCase() === 'paratii') return failed('not-permitted')
  try {
    const own = structs as Record<string, { name: string; type: string }[]>
    const encoder = TypedDataEncoder.from(own)
    // The encoder finds the type that no other type uses; the site must mean the same.
    if (encoder.primaryType !== primaryType) return failed('request-malformed')
    const fields = listFields(primaryType, own, message)
    if (fields.length > mostFields) return failed('request-malformed')
    return ok({
      primaryType,
      domain: {
        name: domain.name,
        chainId: domain.chainId,
        verifyingContract: domain.verifyingContract?.toLowerCase() as Address | undefined,
      },
      fields,
      digest: TypedDataEncoder.hash(
        Object.fromEntries(present.map(name => [name, domain[name]])),
        own,
        message,
      ) as Hash,
    })
  } catch {
    // What its types do not describe cannot be encoded.
    return failed('request-malformed')
  }
}

/** Only what is signed: what the message holds beside the fields of its types has no effect, and is not shown. */
function listFields(
  type: string,
  types: Readonly<Record<string, readonly { name: string; type: string }[]>>,
  value: unknown,
  path = '',
): { path: string; value: string }[] {
  const array = /^(.*)\[\d*\]$/.exec(type)
  if (array !== null)
    return v
      .parse(v.array(v.unknown()), value)
      .flatMap((one, index) => listFields(array[1] ?? '', types, one, `${path}[${index}]`))
  const struct = types[type]
  if (struct === undefined) return [{ path, value: String(value) }]
  const record = v.parse(v.record(v.string(), v.unknown()), value)
  return struct.flatMap(field =>
    listFields(field.type, types, record[field.name], path === '' ? field.name : `${path}.${field.name}`),
  )
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
