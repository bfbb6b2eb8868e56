import * as v from 'valibot'
import { purchaseNodeKeyPath, walletKeyPath } from '#protocol/keys.ts'
import { identityOf } from '#protocol/signature.ts'
import type { Address, Hash, Hex, PublicKey } from '#std/brand.ts'
import { bytesFromHex, hexFromBytes, isHex } from '#std/bytes.ts'
import { ParatiiError } from '#std/error.ts'
import type { Clock } from '#std/ports/clock.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import { deriveKey } from './derivation.ts'
import { type Phrase, seedFromPhrase } from './phrase.ts'

/** Memory that only the extension's own worker and pages read, and that dies with the browser. */
export interface SecretStore {
  read(): Promise<unknown>
  write(value: unknown): Promise<void>
  clear(): Promise<void>
}

export type Account = { readonly index: number; readonly address: Address; readonly publicKey: PublicKey }

const heldSchema = v.object({
  seed: v.custom<Hex>(value => typeof value === 'string' && isHex(value, 64)),
  usedAtMs: v.number(),
})

type KeyringPorts = { readonly secrets: SecretStore; readonly crypto: Crypto; readonly clock: Clock }

/**
 * The unlocked keys. They live in the session's memory, never on disk, and go when the wallet is locked, when the
 * browser ends, or when nothing has been signed for long.
 */
export class Keyring {
  readonly #ports: KeyringPorts
  readonly #idleMs: () => Promise<number>

  /** `idleMs`: how long without a signature until it locks itself, asked each time. */
  constructor(ports: KeyringPorts, idleMs: () => Promise<number>) {
    this.#ports = ports
    this.#idleMs = idleMs
  }

  async unlock(phrase: Phrase): Promise<void> {
    await this.#hold(hexFromBytes(await seedFromPhrase(phrase)))
  }

  /** The public side of an account of a phrase that is not, or not yet, unlocked. */
  async peek(phrase: Phrase, index: number): Promise<Account> {
    const key = deriveKey(await seedFromPhrase(phrase), walletKeyPath(index))
    return { index, ...identityOf(this.#ports.crypto, key) }
  }

  async lock(): Promise<void> {
    await this.#ports.secrets.clear()
  }

  async isUnlocked(): Promise<boolean> {
    return (await this.#held()) !== undefined
  }

  /** The public side of an account. Throws `wallet-locked`. */
  async account(index: number): Promise<Account> {
    const key = deriveKey(await this.#use(), walletKeyPath(index))
    return { index, ...identityOf(this.#ports.crypto, key) }
  }

  /** Runs `sign` with the secret key of an account, and wipes the key after. Throws `wallet-locked`. */
  async signWith<T>(index: number, sign: (secretKey: Uint8Array) => T): Promise<T> {
    const key = deriveKey(await this.#use(), walletKeyPath(index))
    try {
      return sign(key)
    } finally {
      key.fill(0)
    }
  }

  /** The node key of one purchase: all that ever leaves the wallet, and good for that purchase's deposit alone. */
  async purchaseKey(chainId: number, buyer: Address, salt: Hash): Promise<Uint8Array> {
    return deriveKey(await this.#use(), purchaseNodeKeyPath(chainId, buyer, salt))
  }

  async #use(): Promise<Uint8Array> {
    const seed = await this.#held()
    if (seed === undefined) throw new ParatiiError('wallet-locked')
    await this.#hold(seed)
    return bytesFromHex(seed)
  }

  async #hold(seed: Hex): Promise<void> {
    await this.#ports.secrets.write({ seed, usedAtMs: this.#ports.clock.nowMs() })
  }

  async #held(): Promise<Hex | undefined> {
    const held = v.safeParse(heldSchema, await this.#ports.secrets.read())
    if (!held.success) return undefined
    const idleMs = this.#ports.clock.nowMs() - held.output.usedAtMs
    if (idleMs >= 0 && idleMs < (await this.#idleMs())) return held.output.seed
    await this.lock()
    return undefined
  }
}
