import * as v from 'valibot'
import { budgetSchema, networkSchema, settingsSchema } from '#bridge/shapes.ts'
import { addressField } from '#protocol/fields.ts'
import { vaultSchema } from '#wallet/vault.ts'

const account = v.object({ index: v.pipe(v.number(), v.integer(), v.minValue(0)), address: addressField })

const present = v.object({
  version: v.literal(2),
  vault: vaultSchema,
  /** The accounts that are shown, by their place on the derivation path; the one in use among them. */
  accounts: v.pipe(v.array(account), v.minLength(1)),
  account,
  /** The networks that were ever used; the one in use among them. */
  networks: v.pipe(v.array(networkSchema), v.minLength(1)),
  network: networkSchema,
  budget: budgetSchema,
  settings: settingsSchema,
})
/** What is kept of the wallet. Only the vault in it is secret, and it is encrypted. */
export type StoredWallet = v.InferOutput<typeof present>

export const firstSettings = {
  autoLockMinutes: 60,
  isBackedUp: true,
  resumesAlone: false,
  keptMiB: 2048,
} as const

/** The first format: one account, one network, no month, and a phrase that was always confirmed. */
const first = v.pipe(
  v.strictObject({
    vault: vaultSchema,
    account,
    network: networkSchema,
    budget: v.object({
      perVideoWei: budgetSchema.entries.perVideoWei,
      perDayWei: budgetSchema.entries.perDayWei,
    }),
  }),
  v.transform(
    (old): StoredWallet => ({
      ...old,
      version: 2,
      accounts: [old.account],
      networks: [old.network],
      // Never looser than it was: the month begins with what one day had.
      budget: { ...old.budget, perMonthWei: old.budget.perDayWei },
      settings: firstSettings,
    }),
  ),
)

export const walletSchema: v.GenericSchema<unknown, StoredWallet> = v.union([present, first])
