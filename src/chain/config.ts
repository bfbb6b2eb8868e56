import * as v from 'valibot'
import { addressField, parseFields, type Schema, uint53Field } from '#protocol/fields.ts'
import type { Address } from '#std/brand.ts'
import type { Result } from '#std/result.ts'

/** Which deployment of Paratii, and through which node it is reached. */
export type ChainConfig = {
  readonly chainId: number
  /** HTTP(S) JSON-RPC. */
  readonly rpcUrl: string
  /** ParatiiRegistry: every other address is looked up there. */
  readonly registry: Address
}

export const chainConfigSchema: Schema<ChainConfig> = v.object({
  chainId: uint53Field,
  rpcUrl: v.pipe(v.string(), v.maxLength(2048), v.url(), v.regex(/^https?:/)),
  registry: addressField,
})

/** A chain configuration from JSON; `config-malformed` names the field that is wrong. */
export const parseChainConfig = (value: unknown): Result<ChainConfig> =>
  parseFields(chainConfigSchema, value, 'config-malformed')
