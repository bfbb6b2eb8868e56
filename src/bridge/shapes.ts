import * as v from 'valibot'
import {
  addressField,
  formatNameField,
  listField,
  purchaseNonceField,
  textField,
  uint53Field,
  videoIdField,
  weiField,
} from '#protocol/fields.ts'

/** Amounts travel as decimal text, since runtime messages are JSON, and are bigint to both ends. */
export const amountField = weiField(96)
/** Names what only its maker may refer to: 16 random bytes in hex. */
export const ticketField = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/))
/** A path inside a published directory. Who serves it looks it up; nothing here is a file of this machine. */
export const pathField = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*){0,4}$/),
)

/** Where a JSON-RPC node answers: https, or plain http to wherever the person says. */
export const urlField = v.pipe(
  textField(300),
  v.check(text => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)),
)

/** A chain with Paratii on it. `fundingUrl` is where PTI can be had, if the person was told of such a place. */
export const networkSchema = v.object({
  name: v.pipe(textField(40), v.minLength(1)),
  chainId: uint53Field,
  rpcUrl: urlField,
  registry: addressField,
  /** Asked where the first cannot be reached, or lags. */
  fallbackUrl: v.exactOptional(urlField),
  fundingUrl: v.exactOptional(urlField),
})
export type Network = v.InferOutput<typeof networkSchema>

export const budgetSchema = v.object({
  perVideoWei: amountField,
  perDayWei: amountField,
  perMonthWei: amountField,
})
export type Budget = v.InferOutput<typeof budgetSchema>

/** Minutes without a signature after which the wallet locks itself; 0: when the browser is closed. */
export const autoLockChoices = [5, 15, 60, 240, 0] as const

/** MiB of films that the machine may keep. */
export const keptMiBChoices = [256, 1024, 2048, 8192, 32768] as const
const firstKeptMiB = 2048

export const settingsSchema = v.object({
  autoLockMinutes: v.picklist(autoLockChoices),
  /** The phrase was written down: the person has shown it. */
  isBackedUp: v.boolean(),
  /** A video that was paused because nobody saw it goes on by itself when it is seen again. */
  resumesAlone: v.boolean(),
  /** What was watched is kept up to this much, so that watching it again costs nothing. */
  keptMiB: v.optional(v.picklist(keptMiBChoices), firstKeptMiB),
})
export type Settings = v.InferOutput<typeof settingsSchema>

export const accountSchema = v.object({ index: uint53Field, address: addressField })

export const walletStateSchema = v.variant('status', [
  v.object({ status: v.literal('absent') }),
  v.object({
    status: v.picklist(['locked', 'unlocked']),
    address: addressField,
    accounts: listField(accountSchema, 100),
    network: networkSchema,
    networks: listField(networkSchema, 50),
    budget: budgetSchema,
    settings: settingsSchema,
  }),
])
export type WalletState = v.InferOutput<typeof walletStateSchema>

/** The origin of a site, as the browser writes it. */
export const originField = v.pipe(
  textField(300),
  v.check(
    text => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).origin === text,
  ),
)

/** What a person decided about one site. */
export const siteRuleSchema = v.object({
  /** The most that may be promised there in a day; 0: never anything. */
  perDayWei: v.exactOptional(amountField),
  /** Videos up to this total start there without being asked about. */
  alwaysWei: v.exactOptional(amountField),
  /** The site may see the account's address, and ask for signatures. */
  isConnected: v.exactOptional(v.boolean()),
  /** The site may read what is free by its CID, through the wallet. */
  mayRead: v.exactOptional(v.boolean()),
  /** The site may play, pause and seek in the players of its own pages. */
  mayControl: v.exactOptional(v.boolean()),
})
export type SiteRule = v.InferOutput<typeof siteRuleSchema>
/** A site about which something was decided. */
export const siteSchema = v.object({ origin: originField, rule: siteRuleSchema, usedTodayWei: amountField })
export type SiteView = v.InferOutput<typeof siteSchema>

/** What one purchase has verified and signed for so far: never more than was signed. */
export const meterSchema = v.object({
  purchase: purchaseNonceField,
  verifiedBytes: uint53Field,
  paidWei: amountField,
  /** Hosts that sent something. */
  hosts: uint53Field,
  failures: uint53Field,
})
export type Meter = v.InferOutput<typeof meterSchema>

/** An offer as the player shows it. Title and owner's name are the publisher's words: never trusted, only shown. */
export const offerSchema = v.object({
  ticket: ticketField,
  title: textField(200),
  payee: addressField,
  priceWei: amountField,
  hostsWei: amountField,
  durationSeconds: v.number(),
  balanceWei: amountField,
  /** Where it is watched, as the browser tells the player; absent on a page of our own. */
  site: v.exactOptional(originField),
  /** The person said that what costs no more may start on this site without being asked about. */
  isAgreed: v.boolean(),
  /** Bought before and still open: watching goes on within what was promised then. */
  bought: v.boolean(),
})
export type Offer = v.InferOutput<typeof offerSchema>

/** A purchase as the wallet remembers it, newest first in every list. */
export const purchaseSchema = v.object({
  purchase: purchaseNonceField,
  title: textField(200),
  payee: addressField,
  site: v.exactOptional(originField),
  boughtAtMs: uint53Field,
  /** When what is held returns at the latest, as the chain says; absent while that is not known. */
  endsAtMs: v.exactOptional(uint53Field),
  /** All of it came back, or was paid. */
  isSettled: v.exactOptional(v.boolean()),
  /** It was on the chain, and a reorganisation took it out again. */
  isUndone: v.exactOptional(v.boolean()),
  /** What was promised at most. */
  totalWei: amountField,
  paidWei: amountField,
  verifiedBytes: uint53Field,
  totalBytes: uint53Field,
  hosts: uint53Field,
  state: v.picklist(['playing', 'ordered', 'refused', 'open', 'closed']),
})
export type PurchaseView = v.InferOutput<typeof purchaseSchema>

export const homeSchema = v.object({
  wallet: walletStateSchema,
  /** Absent while it is being asked for, and when the chain cannot be reached. */
  balanceWei: v.exactOptional(amountField),
  chainReachable: v.boolean(),
  purchases: listField(purchaseSchema, 500),
  /** Ether of the account; absent as the balance is. */
  etherWei: v.exactOptional(amountField),
  /** No contracts of Paratii are known on this network. */
  hasParatii: v.boolean(),
  /** Promised and not come back. */
  used: v.object({ dayWei: amountField, monthWei: amountField }),
  sites: listField(siteSchema, 500),
})
export type Home = v.InferOutput<typeof homeSchema>

/** What the tag of a page asks the player for. All of it is the site's word. */
export const askedSchema = v.object({
  video: videoIdField,
  format: formatNameField,
  priceMaxWei: v.exactOptional(amountField),
  /** Who gets the share that the owner gives to sites. */
  affiliate: v.exactOptional(addressField),
  /** The tag's element, so that its events find it. */
  element: v.exactOptional(ticketField),
})
/** Where a player stands. It is our own page that says so, by what the browser tells it of its ancestors. */
export const placeSchema = v.object({
  /** The site in the address bar. */
  origin: originField,
  /** The site itself embeds the tag, with nobody else's frame between. */
  isDirect: v.boolean(),
})
export type Place = v.InferOutput<typeof placeSchema>
export type Asked = v.InferOutput<typeof askedSchema>
