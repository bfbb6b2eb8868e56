import type { RequestParams } from '#bridge/contract.ts'
import type { Budget, Network, Settings, WalletState } from '#bridge/shapes.ts'
import type { Address } from '#std/brand.ts'
import { orThrow, ParatiiError } from '#std/error.ts'
import type { Random } from '#std/ports/random.ts'
import type { Keyring } from '#wallet/keyring.ts'
import { type Phrase, parsePhrase } from '#wallet/phrase.ts'
import { isWeaker, openVault, type ScryptCost, sealVault, vaultCost } from '#wallet/vault.ts'
import { minPasswordLength } from './password.ts'
import type { Cell } from './store.ts'
import { firstSettings, type StoredWallet } from './wallet-record.ts'

type WalletPorts = {
  readonly wallet: Cell<StoredWallet>
  readonly keyring: Keyring
  readonly random: Random
  /** Called after every change of what {@link WalletDesk.state} answers. */
  readonly changed: () => void
  /** What a guess at the password costs. */
  readonly cost?: ScryptCost
}

const mostAccounts = 100
const mostNetworks = 50

/** The accounts, the network and the budget; whether the keys are unlocked. */
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
    const { account, accounts, network, networks, budget, settings } = wallet
    return { status, address: account.address, accounts, network, networks, budget, settings }
  }

  /** Throws `wallet-absent`. */
  async stored(): Promise<StoredWallet> {
    const wallet = await this.#ports.wallet.read()
    if (wallet === undefined) throw new ParatiiError('wallet-absent')
    return wallet
  }

  /** Seals a phrase, made here or brought along, and leaves the wallet unlocked. Throws `wallet-exists`. */
  async create(params: RequestParams<'wallet-create'>): Promise<WalletState> {
    const { keyring, wallet } = this.#ports
    const { network, budget, isBackedUp } = params
    const phrase = orThrow(parsePhrase(params.phrase))
    if ((await wallet.read()) !== undefined) throw new ParatiiError('wallet-exists')
    const vault = await this.#seal(phrase, params.password)
    const { index, address } = await keyring.peek(phrase, 0)
    await wallet.update(present => {
      if (present !== undefined) throw new ParatiiError('wallet-exists')
      return {
        version: 2,
        vault,
        accounts: [{ index, address }],
        account: { index, address },
        networks: [network],
        network,
        budget,
        settings: { ...firstSettings, isBackedUp },
      }
    })
    await keyring.unlock(phrase)
    return this.#changed()
  }

  /** Seals the same wallet's phrase under a new password. Throws `phrase-other` if the phrase is of another wallet. */
  restore(params: RequestParams<'wallet-restore'>): Promise<WalletState> {
    return this.#inTurn(async () => {
      const { keyring } = this.#ports
      const phrase = orThrow(parsePhrase(params.phrase))
      const { accounts } = await this.stored()
      const [known] = accounts
      if (known === undefined || (await keyring.peek(phrase, known.index)).address !== known.address)
        throw new ParatiiError('phrase-other')
      const vault = await this.#seal(phrase, params.password)
      await this.#update(wallet => ({ ...wallet, vault }))
      await keyring.unlock(phrase)
      return this.#changed()
    })
  }

  /** One try at a time, so that many guesses at once are no faster than one after the other. */
  unlock(password: string): Promise<WalletState> {
    return this.#inTurn(async () => {
      const { vault } = await this.stored()
      const phrase = await openVault(vault, password)
      // What was sealed when guesses were cheaper is sealed anew, now that its password is at hand.
      if (isWeaker(vault.kdf, this.#cost)) {
        const stronger = await this.#seal(phrase, password)
        await this.#update(wallet => ({ ...wallet, vault: stronger }))
      }
      await this.#ports.keyring.unlock(phrase)
      return this.#changed()
    })
  }

  /** The phrase, for whoever knows the password now. Throws `password-wrong`. */
  reveal(password: string): Promise<Phrase> {
    return this.#inTurn(async () => openVault((await this.stored()).vault, password))
  }

  async lock(): Promise<WalletState> {
    await this.#ports.keyring.lock()
    return this.#changed()
  }

  /** Goes to a network, which is remembered; another way to the same deployment takes the place of the old one. */
  setNetwork(network: Network): Promise<WalletState> {
    const isOther = (one: Network): boolean =>
      one.chainId !== network.chainId || one.registry !== network.registry
    return this.#change(wallet => ({
      ...wallet,
      network,
      networks: [network, ...wallet.networks.filter(isOther)].slice(0, mostNetworks),
    }))
  }

  setBudget(budget: Budget): Promise<WalletState> {
    return this.#change(wallet => ({ ...wallet, budget }))
  }

  setSettings(settings: Settings): Promise<WalletState> {
    return this.#change(wallet => ({ ...wallet, settings }))
  }

  /** Throws `wallet-locked`. */
  async addAccount(): Promise<WalletState> {
    const { accounts } = await this.stored()
    const index = Math.max(...accounts.map(account => account.index)) + 1
    if (accounts.length >= mostAccounts) throw new ParatiiError('not-permitted')
    await this.addAccounts([index])
    return this.chooseAccount(index)
  }

  /** Shows accounts that were found to be in use. Throws `wallet-locked`. */
  async addAccounts(indexes: readonly number[]): Promise<void> {
    const found = await Promise.all(indexes.map(index => this.#ports.keyring.account(index)))
    await this.#change(wallet => {
      const isNew = (index: number): boolean => !wallet.accounts.some(known => known.index === index)
      const added = found
        .filter(({ index }) => isNew(index))
        .map(({ index, address }) => ({ index, address }))
      const accounts = [...wallet.accounts, ...added].toSorted((one, other) => one.index - other.index)
      return { ...wallet, accounts: accounts.slice(0, mostAccounts) }
    })
  }

  chooseAccount(index: number): Promise<WalletState> {
    return this.#change(wallet => {
      const account = wallet.accounts.find(known => known.index === index)
      if (account === undefined) throw new ParatiiError('not-permitted')
      return { ...wallet, account }
    })
  }

  /** The address that pays, known while locked, too. Throws `wallet-absent`. */
  async address(): Promise<Address> {
    return (await this.stored()).account.address
  }

  get #cost(): ScryptCost {
    return this.#ports.cost ?? vaultCost
  }

  #seal(phrase: Phrase, password: string) {
    if (password.length < minPasswordLength) throw new ParatiiError('request-malformed')
    return sealVault(phrase, password, this.#ports.random, this.#cost)
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => undefined)
    return done
  }

  async #change(change: (wallet: StoredWallet) => StoredWallet): Promise<WalletState> {
    await this.#update(change)
    return this.#changed()
  }

  async #update(change: (wallet: StoredWallet) => StoredWallet): Promise<void> {
    await this.#ports.wallet.update(wallet => {
      if (wallet === undefined) throw new ParatiiError('wallet-absent')
      return change(wallet)
    })
  }

  #changed(): Promise<WalletState> {
    this.#ports.changed()
    return this.state()
  }
}
