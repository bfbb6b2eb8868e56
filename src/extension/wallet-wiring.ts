import * as v from 'valibot'
import type { RequestHandlers } from '#bridge/rpc.ts'
import { connectNetwork } from '#chain/failover-rpc.ts'
import type { Clock } from '#std/ports/clock.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import type { Random } from '#std/ports/random.ts'
import { Keyring } from '#wallet/keyring.ts'
import { type Deployments, findDeployment, isUsedAccount } from './chain-glance.ts'
import { createCell } from './store.ts'
import { findUsedAccounts } from './used-accounts.ts'
import { WalletDesk } from './wallet-desk.ts'
import { firstSettings, walletSchema } from './wallet-record.ts'

const lockAlarm = 'lock'

type WalletWiring = {
  readonly clock: Clock
  readonly crypto: Crypto
  readonly random: Random
  readonly deployments: Deployments
  /** Something that the popup shows is other than before. */
  readonly changed: () => void
  /** Was unlocked or locked, or has another account, network or setting. */
  readonly walletChanged: () => void
  /** The person locks it now. */
  readonly locking: () => void
}

/** Wires the vault, its keyring and the lock of an idle one. */
export function wireWallet({ clock, crypto, random, deployments, ...told }: WalletWiring) {
  const { local, session } = chrome.storage
  const seed = createCell(session, 'keyring', v.unknown())
  const walletCell = createCell(local, 'wallet', walletSchema)
  const idleMs = async (): Promise<number> => {
    const { autoLockMinutes } = (await walletCell.read())?.settings ?? firstSettings
    return autoLockMinutes === 0 ? Number.POSITIVE_INFINITY : autoLockMinutes * 60_000
  }
  const keyring = new Keyring(
    {
      clock,
      crypto,
      secrets: {
        read: seed.read,
        async write(value) {
          await seed.update(() => value)
          const delayMs = await idleMs()
          if (Number.isFinite(delayMs))
            await chrome.alarms.create(lockAlarm, { when: clock.nowMs() + delayMs })
        },
        clear: seed.remove,
      },
    },
    idleMs,
  )
  const wallet = new WalletDesk({ keyring, random, wallet: walletCell, changed: told.walletChanged })

  const restoreAccounts = async (): Promise<void> => {
    const { network } = await wallet.stored()
    const { token } = await deployments.get(network)
    const used = await findUsedAccounts(
      async index => (await keyring.account(index)).address,
      address => isUsedAccount(connectNetwork(network), token, address),
    )
    if (used.length > 0) await wallet.addAccounts(used)
  }

  const handlers = {
    'wallet-state': () => wallet.state(),
    async 'wallet-create'(params) {
      const state = await wallet.create(params)
      // What a phrase that was brought along had in use shows itself as it is found; without the chain it can be added.
      restoreAccounts().catch(() => undefined)
      return state
    },
    'wallet-unlock': ({ password }) => wallet.unlock(password),
    async 'wallet-lock'() {
      told.locking()
      return wallet.lock()
    },
    'wallet-restore': params => wallet.restore(params),
    'wallet-reveal': async ({ password }) => ({ phrase: await wallet.reveal(password) }),
    'settings-set': settings => wallet.setSettings(settings),
    'account-add': () => wallet.addAccount(),
    'account-use': ({ index }) => wallet.chooseAccount(index),
    'network-check': async place => ({ chainId: (await findDeployment(place)).chainId }),
    'network-set': network => wallet.setNetwork(network),
    'budget-set': budget => wallet.setBudget(budget),
  } satisfies Partial<RequestHandlers>

  // An idle wallet is locked when its time has come, and not only when somebody next looks.
  chrome.alarms.onAlarm.addListener(({ name }) => {
    if (name === lockAlarm)
      void keyring.isUnlocked().then(unlocked => {
        if (!unlocked) told.changed()
      })
  })

  return { wallet, keyring, handlers }
}
