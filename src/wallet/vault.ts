import { scryptAsync } from '@noble/hashes/scrypt.js'
import * as v from 'valibot'
import type { Hex } from '#std/brand.ts'
import { bytesFromHex, bytesFromUtf8, hexFromBytes, isHex, parseUtf8 } from '#std/bytes.ts'
import { orThrow, ParatiiError } from '#std/error.ts'
import type { Random } from '#std/ports/random.ts'
import { type Phrase, parsePhrase } from './phrase.ts'

/** scrypt's cost: 128 MiB and about a second, for a guess as for the owner (docs/adr/vault-cost.md). */
export type ScryptCost = { readonly n: number; readonly r: number; readonly p: number }
export const vaultCost: ScryptCost = { n: 2 ** 17, r: 8, p: 1 }

/** Whether a guess at one cost is cheaper than at the other: memory times work. */
export const isWeaker = (one: ScryptCost, than: ScryptCost): boolean =>
  one.n * one.r * one.p < than.n * than.r * than.p

const bytesField = (min: number, max: number) =>
  v.custom<Hex>(
    value =>
      typeof value === 'string' && isHex(value) && value.length >= 2 + 2 * min && value.length <= 2 + 2 * max,
  )

/**
 * How a vault lies in storage. All but `data` is authenticated with it, so nobody who can write there weakens a
 * later seal. The bounds keep a tampered cost from taking the machine's memory.
 */
export const vaultSchema = v.object({
  version: v.literal(1),
  kdf: v.object({
    name: v.literal('scrypt'),
    n: v.pipe(v.number(), v.integer(), v.minValue(2), v.maxValue(2 ** 20)),
    r: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(16)),
    p: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(4)),
    salt: bytesField(16, 32),
  }),
  cipher: v.object({ name: v.literal('AES-256-GCM'), iv: bytesField(12, 12) }),
  data: bytesField(16, 4096),
})
export type Vault = v.InferOutput<typeof vaultSchema>

/** Encrypts a phrase under a password: scrypt, then AES-256-GCM. Salt and iv are fresh at every seal. */
export async function sealVault(
  phrase: Phrase,
  password: string,
  random: Random,
  cost: ScryptCost = vaultCost,
): Promise<Vault> {
  const head: Omit<Vault, 'data'> = {
    version: 1,
    kdf: { name: 'scrypt', ...cost, salt: hexFromBytes(random.bytes(16)) },
    cipher: { name: 'AES-256-GCM', iv: hexFromBytes(random.bytes(12)) },
  }
  const key = await importKey(head, password, 'encrypt')
  const sealed = await crypto.subtle.encrypt(cipherOf(head), key, bytesFromUtf8(phrase))
  return { ...head, data: hexFromBytes(new Uint8Array(sealed)) }
}

/** The phrase in a vault. `password-wrong` if the password is another, or a byte of the vault was changed. */
export async function openVault(vault: Vault, password: string): Promise<Phrase> {
  const key = await importKey(vault, password, 'decrypt')
  const opened = await crypto.subtle
    .decrypt(cipherOf(vault), key, bytesFromHex(vault.data))
    .catch(() => undefined)
  const text = opened === undefined ? undefined : parseUtf8(new Uint8Array(opened))
  if (text === undefined) throw new ParatiiError('password-wrong')
  return orThrow(parsePhrase(text))
}

const cipherOf = ({ version, kdf, cipher }: Omit<Vault, 'data'>): AesGcmParams => ({
  name: 'AES-GCM',
  iv: bytesFromHex(cipher.iv),
  additionalData: bytesFromUtf8(
    ['paratii/vault', version, kdf.name, kdf.n, kdf.r, kdf.p, kdf.salt, cipher.name, cipher.iv].join('/'),
  ),
})

async function importKey(
  { kdf }: Omit<Vault, 'data'>,
  password: string,
  usage: 'encrypt' | 'decrypt',
): Promise<CryptoKey> {
  // The same letters typed on another keyboard must open the vault.
  const secret = bytesFromUtf8(password.normalize('NFKC'))
  const { n, r, p } = kdf
  const bytes = await scryptAsync(secret, bytesFromHex(kdf.salt), {
    N: n,
    r,
    p,
    dkLen: 32,
    maxmem: 128 * r * (n + p + 1) + 1024,
  })
  const key = await crypto.subtle.importKey('raw', Uint8Array.from(bytes), 'AES-GCM', false, [usage])
  bytes.fill(0)
  return key
}
