import * as v from 'valibot'
import type { RequestParams } from '#bridge/contract.ts'
import { budgetSchema, type Network, networkSchema, type WalletState } from '#bridge/shapes.ts'
import { addressField } from '#protocol/fields.ts'
import type { Address } from '#std/brand.ts'
import { orThrow, ParatiiError } from '#std/error.ts'
import type { Random } from '#std/ports/random.ts'
import type { Keyring } from '#wallet/keyring.ts'
import { parsePhrase } from '#wallet/phrase.ts'
import { openVault, sealVault, vaultSchema } from '#wallet/vault.ts'
import { minPasswordLength } from './password.ts'
import type { Cell } from './store.ts'

/** What is kept of the wallet. Only the vault in it is secret, and it is encrypted. */
export const walletSchema = v.object({
  vault: vaultSchema,
  account: v.object({ index: v.pipe(v.number(), v.integer(), v.minValue(0)), address: addressField }),
  network: networkSchema,
  budget: budgetSchema,
})
export type StoredWallet = v.InferOutput<typeof walletSchema>

type WalletPorts = {
  readonly wallet: Cell<StoredWallet>
  readonly keyring: Keyring
  readonly random: Random
  /** Called after every change of what {@link WalletDesk.state} answers. */
  readonly changed: () => void
}

/** The one account, its network and its budget; whether its keys are unlocked. */
export class WalletDesk {
  readonly #ports: WalletPorts
  #turn: Promise<unknown> = Promise.resolve()

  constructor(ports: WalletPorts) {
    this.#ports = ports
  }

  async state(): Promise<WalletState> {
    const wallet = await this.#ports.wallet.read()
    if (wallet === undefined) return { status: 'absent' }
    const status = (await this.#ports.keyring.isUnlocked()) ? 'unlocked' : 'locked'
    return { status, address: wallet.account.address, network: wallet.network, budget: wallet.budget }
  }

  /** Throws `wallet-absent`. */
  async stored(): Promise<StoredWallet> {
    const wallet = await this.#ports.wallet.read()
    if (wallet === undefined) throw new ParatiiError('wallet-absent')
    return wallet
  }

  /** Seals a phrase, made here or brought along, and leaves the wallet unlocked. Throws `wallet-exists`. */
  async create(params: RequestParams<'wallet-create'>): Promise<WalletState> {
    const { keyring, random, wallet } = this.#ports
    if (params.password.length < minPasswordLength) throw new ParatiiError('request-malformed')
    const phrase = orThrow(parsePhrase(params.phrase))
    if ((await wallet.read()) !== undefined) throw new ParatiiError('wallet-exists')
    const vault = await sealVault(phrase, params.password, random)
    await keyring.unlock(phrase)
    const account = await keyring.account(0)
    await wallet.update(present => {
      if (present !== undefined) throw new ParatiiError('wallet-exists')
      return {
        vault,
        account: { index: account.index, address: account.address },
        network: params.network,
        budget: params.budget,
      }
    })
    return this.#changed()
  }

  /** One try at a time, so that many guesses at once are no faster than one after the other. */
  unlock(password: string): Promise<WalletState> {
    const tried = this.#turn.then(async () => {
      const { vault } = await this.stored()
      await this.#ports.keyring.unlock(await openVault(vault, password))
      return this.#changed()
    })
    this.#turn = tried.catch(() => undefined)
    return tried
  }

  async lock(): Promise<WalletState> {
    await this.#ports.keyring.lock()
    return this.#changed()
  }

  async setNetwork(network: Network): Promise<WalletState> {
    await this.#ports.wallet.update(wallet => {
      if (wallet === undefined) throw new ParatiiError('wallet-absent')
      return { ...wallet, network }
    })
    return this.#changed()
  }

  /** The address that pays, known while locked, too. Throws `wallet-absent`. */
  async address(): Promise<Address> {
    return (await this.stored()).account.address
  }

  #changed(): Promise<WalletState> {
    this.#ports.changed()
    return this.state()
  }
}
