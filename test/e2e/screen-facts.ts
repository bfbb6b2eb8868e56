import type { HomeUpdate } from '#bridge/contract.ts'
import { type BidView, firstAttention, type ViewingView } from '#bridge/earning.ts'
import type { Transfer } from '#bridge/provider.ts'
import type { Home, Network, PurchaseView, WalletState } from '#bridge/shapes.ts'
import type { Address, Hash, PurchaseNonce } from '#std/brand.ts'

/** The moment at which every picture is taken. */
export const nowMs = Date.UTC(2026, 5, 1, 13, 30)
export const pti = 10n ** 18n
export const addressOf = (byte: string): Address => `0x${byte.repeat(20)}` as Address
const network: Network = {
  name: 'devnet',
  chainId: 31337,
  rpcUrl: 'http://127.0.0.1:8545',
  registry: addressOf('ab'),
  fundingUrl: 'https://faucet.example/',
}
const sepolia: Network = {
  name: 'Sepolia',
  chainId: 11_155_111,
  rpcUrl: 'https://rpc.example',
  registry: addressOf('cd'),
}
export const wallet: Exclude<WalletState, { status: 'absent' }> = {
  status: 'unlocked',
  address: addressOf('3f'),
  accounts: [
    { index: 0, address: addressOf('3f') },
    { index: 1, address: addressOf('7e') },
  ],
  network,
  networks: [network, sepolia],
  budget: { perVideoWei: 2n * pti, perDayWei: 5n * pti, perMonthWei: 50n * pti },
  settings: { autoLockMinutes: 60, isBackedUp: true, resumesAlone: false, keptMiB: 2048 },
}
export const purchaseOf = (byte: string, more: Partial<PurchaseView>): PurchaseView => ({
  purchase: `0x${byte.repeat(32)}` as PurchaseNonce,
  title: 'Harbour at dawn',
  payee: addressOf('91'),
  site: 'https://films.example',
  boughtAtMs: nowMs - 240_000,
  endsAtMs: nowMs + 3_600_000,
  totalWei: pti / 2n,
  paidWei: pti / 8n,
  verifiedBytes: 24_000_000,
  totalBytes: 90_000_000,
  hosts: 2,
  state: 'open',
  ...more,
})
export const purchases = [
  purchaseOf('01', {}),
  purchaseOf('02', {
    title: 'The long way round',
    boughtAtMs: nowMs - 8e6,
    state: 'closed',
    isSettled: true,
  }),
  purchaseOf('03', { title: 'Nobody sold this', boughtAtMs: nowMs - 9e6, state: 'refused', paidWei: 0n }),
  purchaseOf('04', { title: 'On its way', boughtAtMs: nowMs - 1e5, state: 'ordered', paidWei: 0n }),
]
export const transfers: Transfer[] = (['sent', 'mined', 'failed'] as const).map((state, n) => ({
  hash: `0x${`0${n}`.repeat(32)}` as Hash,
  atMs: nowMs - 500_000 * (n + 1),
  chainId: 31337,
  from: wallet.address,
  to: addressOf('55'),
  token: n === 0 ? 'PTI' : 'ETH',
  wei: pti / BigInt(n + 2),
  ...(n === 1 ? { description: 'For the camera' } : {}),
  state,
}))
export const home: Home = {
  wallet,
  balanceWei: 12n * pti + pti / 2n,
  etherWei: pti / 20n,
  chainReachable: true,
  hasParatii: true,
  purchases,
  used: { dayWei: pti, monthWei: 7n * pti },
  sites: [
    {
      origin: 'https://films.example',
      rule: { perDayWei: 3n * pti, alwaysWei: pti / 2n, isConnected: true, mayRead: true, mayControl: true },
      usedTodayWei: pti / 2n,
    },
    { origin: 'https://noise.example', rule: { perDayWei: 0n }, usedTodayWei: 0n },
  ],
}
export const told = (part: Partial<Home> = {}, more: Partial<HomeUpdate> = {}): HomeUpdate => ({
  type: 'home',
  home: { ...home, ...part },
  approvals: [],
  transfers,
  earning: { attention: firstAttention, viewings: [] },
  ...more,
})
export const bid: BidView = {
  hash: `0x${'b1'.repeat(32)}` as Hash,
  payer: addressOf('a1'),
  title: 'A new kind of bicycle',
  rateWei: pti / 1000n,
  affiliateBps: 0,
  affiliate: addressOf('00'),
  receivedAtMs: nowMs,
  validUntil: nowMs / 1000 + 600,
  length: 30,
  visible: 90,
  challenge: 5,
}
export const viewing: ViewingView = {
  viewing: bid.hash,
  title: bid.title,
  advertiser: bid.payer,
  rateWei: bid.rateWei,
  chunkSeconds: 4,
  length: bid.length,
  earnedWei: pti / 50n,
  acceptedAtMs: nowMs - 60_000,
  isRunning: true,
}
export const taking = {
  ...firstAttention,
  isOn: true,
  isAutomatic: true,
  minimumWei: (pti / 100n + 59n) / 60n,
}
export const nothingYet: Partial<Home> = { purchases: [], sites: [] }
