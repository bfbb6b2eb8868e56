import * as v from 'valibot'
import { addressField, multiaddrField, publicKeyField } from '#protocol/fields.ts'
import { parsePti } from '#std/amount.ts'
import type { Address, PublicKey } from '#std/brand.ts'
import { blockPlaceSetting } from './block-place.ts'
import { logLevels } from './log.ts'

/** Bytes in the GB that people see fees in. */
export const bytesPerGigabyte = 1_000_000_000n

/** A value that somebody must give, or that may be absent. */
type OpenSetting<T> = {
  /** Reads a value as it is written in the file, the environment or a flag: always text. */
  readonly schema: v.GenericSchema<string, T>
  /** What it is for, and its unit. */
  readonly about: string
}
/** A value that is there in any case: `standard` is its text where nobody gives one. */
type StandardSetting<T> = OpenSetting<T> & { readonly standard: string }

const open = <T>(schema: v.GenericSchema<string, T>, about: string): OpenSetting<T> => ({ schema, about })

const setting = <T>(
  schema: v.GenericSchema<string, T>,
  about: string,
  standard: string,
): StandardSetting<T> => ({
  schema,
  about,
  standard,
})

const wholeNumber = (max: number) =>
  v.pipe(
    v.string(),
    v.regex(/^(?:0|[1-9]\d{0,15})$/, 'is no whole number'),
    v.transform(Number),
    v.maxValue(max, `is above ${max}`),
  )

const port = wholeNumber(65_535)
const httpUrl = v.pipe(
  v.string(),
  v.url('is no URL'),
  v.regex(/^https?:/, 'is no HTTP URL'),
  v.maxLength(2048, 'is too long'),
)
const stunServer = v.pipe(v.string(), v.regex(/^stuns?:[a-z0-9.-]{1,253}:\d{1,5}$/))
const address = v.pipe(
  v.string(),
  v.transform(text => text.toLowerCase()),
  v.custom<Address>(text => v.is(addressField, text), 'is no address (0x and 40 hex digits)'),
)
const pti = (max: bigint) =>
  v.pipe(
    v.string(),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const amountWei = parsePti(dataset.value)
      if (amountWei !== undefined && amountWei <= max) return amountWei
      addIssue({ message: 'is no amount of PTI, such as 0.25' })
      return NEVER
    }),
  )
const listOf = <T>(item: v.GenericSchema<unknown, T>, message: string) =>
  v.pipe(
    v.string(),
    v.transform(text => (text === '' ? [] : text.split(',').map(part => part.trim()))),
    v.check(parts => parts.length <= 16 && parts.every(part => v.is(item, part)), message),
    v.transform(parts => parts as readonly unknown[] as readonly T[]),
  )
const multiaddrs = listOf(multiaddrField, 'is no list of multiaddrs')
const hosts = v.union([
  v.literal('any'),
  listOf<PublicKey>(publicKeyField, 'is neither "any" nor a list of node keys'),
])
/** How nodes may be connected; `circuit` is by a relay, which WebRTC finds its peers through. */
const transportNames = ['tcp', 'websocket', 'webrtc', 'circuit'] as const
type TransportName = (typeof transportNames)[number]
const yesOrNo = v.picklist(['yes', 'no'], 'is neither yes nor no')
/** Amounts on chain are 96 bits wide. */
const maxPti = 2n ** 96n - 1n
const maxFeeWeiPerByte = 2n ** 64n - 1n

/** All that can be configured. Keys are the same in the file, for `config get|set`, and in the documentation. */
export const settings = {
  'chain.id': open(wholeNumber(Number.MAX_SAFE_INTEGER), 'Number of the chain'),
  'chain.rpcUrl': open(httpUrl, 'Ethereum node, HTTP JSON-RPC'),
  'chain.registry': open(address, 'Address of ParatiiRegistry'),
  'publisher.listen': setting(multiaddrs, 'Where messages are taken, multiaddrs', '/ip4/127.0.0.1/tcp/0/ws'),
  'publisher.announce': setting(multiaddrs, 'Multiaddrs told to others instead', ''),
  'publisher.httpHost': setting(v.string(), 'IP address that bytes are served on', '127.0.0.1'),
  'publisher.httpPort': setting(port, 'Port that bytes are served on, 0 for any', '0'),
  'publisher.publicUrl': open(httpUrl, 'URL of the same, told to others'),
  'publisher.hosts': setting(hosts, 'Node keys of hosts that may keep the videos, or any', 'any'),
  'publisher.minimumRelayFee': setting(pti(maxPti), 'PTI an order must pay for submitting it', '0'),
  'host.listen': setting(multiaddrs, 'Where messages are taken, multiaddrs', '/ip4/127.0.0.1/tcp/0/ws'),
  'host.announce': setting(multiaddrs, 'Multiaddrs told to others instead', ''),
  'host.httpHost': setting(v.string(), 'IP address that bytes are served on', '127.0.0.1'),
  'host.httpPort': setting(port, 'Port that bytes are served on, 0 for any', '0'),
  'host.publicUrl': open(httpUrl, 'URL of the same, told to others'),
  'host.http': setting(
    yesOrNo,
    'Whether bytes are served over HTTP; without, over libp2p alone: yes or no',
    'yes',
  ),
  'host.payout': open(address, 'Account that is paid; the own one if absent'),
  'host.publishers': setting(
    listOf<Address>(addressField, 'is no list of addresses in lower case'),
    'Accounts of the publishers whose videos are kept',
    '',
  ),
  'host.minimumFee': setting(
    pti(maxFeeWeiPerByte * bytesPerGigabyte),
    'Least fee served for, PTI per GB',
    '0',
  ),
  'host.blocks': open(
    blockPlaceSetting,
    'Where blocks are: another folder, a gateway behind the own folder, or s3+https://ENDPOINT/BUCKET/PREFIX?region=REGION',
  ),
  'publisher.perMinute': open(
    pti(maxPti),
    'Least PTI for a minute sold by the second; not sold so if absent',
  ),
  'publisher.pricing': setting(
    v.picklist(['flat', 'revenue'], 'is neither flat nor revenue'),
    'Price by the second: that least, or what past bids say earns most',
    'flat',
  ),
  'advertiser.listen': setting(multiaddrs, 'Where viewers are met, multiaddrs', '/ip4/127.0.0.1/tcp/0/ws'),
  'advertiser.announce': setting(multiaddrs, 'Multiaddrs told to others instead', ''),
  'host.storageFee': open(
    pti(maxFeeWeiPerByte * bytesPerGigabyte),
    'What publishers pay for storing by channel, PTI per GB; nothing is stored so if absent',
  ),
  'network.transports': setting(
    listOf<TransportName>(v.picklist(transportNames), `is no list of ${transportNames.join(', ')}`),
    'How other nodes are connected: tcp, websocket, webrtc, circuit',
    'tcp,websocket',
  ),
  'network.stun': setting(
    listOf<string>(stunServer, 'is no list of stun:HOST:PORT'),
    'STUN servers that webrtc may ask; none are asked otherwise',
    '',
  ),
  'network.relays': setting(
    multiaddrs,
    'Relays of mail to stay connected with, multiaddrs; no others are dialled',
    '',
  ),
  'network.relay': setting(yesOrNo, "Whether to carry other people's mail, yes or no", 'no'),
  'network.discover': setting(yesOrNo, 'Whether a relay dials relays that others tell of, yes or no', 'no'),
  'settle.batchCost': setting(pti(maxPti), 'What a batch of receipts costs in gas, in PTI', '0.001'),
  'settle.receiptCost': setting(pti(maxPti), 'What each receipt in it costs in gas, in PTI', '0.0002'),
  'settle.worthTimes': setting(
    wholeNumber(1_000_000),
    'A batch goes out when it gains so many times its cost',
    '10',
  ),
  'settle.marginSeconds': setting(
    wholeNumber(2_592_000),
    'Receipts are settled so long before their escrow ends',
    '3600',
  ),
  'daemon.tickSeconds': setting(
    v.pipe(wholeNumber(86_400), v.minValue(1, 'is below 1')),
    'How often escrows, receipts and host lists are looked after',
    '15',
  ),
  'health.host': setting(v.string(), 'IP address of /healthz and /readyz', '127.0.0.1'),
  'health.port': setting(port, 'Port of the same, 0 for any', '0'),
  'log.level': setting(
    v.picklist(logLevels, `is none of ${logLevels.join(', ')}`),
    'Least level that is logged',
    'info',
  ),
} as const satisfies Record<string, OpenSetting<unknown> | StandardSetting<unknown>>

export type SettingKey = keyof typeof settings

/** A read configuration: every setting with its value, `undefined` where one may be absent and is. */
export type Config = {
  readonly [K in SettingKey]:
    | v.InferOutput<(typeof settings)[K]['schema']>
    | ((typeof settings)[K] extends { readonly standard: string } ? never : undefined)
}

export const settingKeys = Object.keys(settings) as readonly SettingKey[]

export const isSettingKey = (text: string): text is SettingKey => Object.hasOwn(settings, text)

/** The environment variable of a setting: `chain.rpcUrl` is `PARATII_CHAIN_RPC_URL`. */
export const variableOf = (key: SettingKey): string =>
  `PARATII_${key.replace(/\.|(?=[A-Z])/g, '_').toUpperCase()}`
