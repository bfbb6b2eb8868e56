import type { Page } from 'playwright'
import type { HomeUpdate, PlayerState } from '#bridge/contract.ts'
import type { EarnerState } from '#bridge/earning.ts'
import type { Approval } from '#bridge/provider.ts'
import type { Offer } from '#bridge/shapes.ts'
import {
  addressOf,
  bid,
  home,
  nothingYet,
  pti,
  purchaseOf,
  purchases,
  taking,
  told,
  transfers,
  viewing,
  wallet,
} from './screen-facts.ts'

/** One screen in one state: which page, what the background says there, and the presses that lead to it. */
export interface ScreenState {
  name: string
  page: 'popup' | 'onboarding' | 'player'
  /** What the port of the page is told; none: it still waits. */
  told?: HomeUpdate | { type: 'state'; state: PlayerState | EarnerState }
  /** What is answered to requests by their name; all others fail as if nobody could be reached. */
  answers?: Record<string, unknown>
  query?: string
  /** `say`: the text of a key in the present language. */
  lead?: (page: Page, say: (key: string) => string) => Promise<void>
}

const press =
  (...keys: readonly string[]): NonNullable<ScreenState['lead']> =>
  async (page, say) => {
    for (const key of keys)
      await page
        .getByRole('button', { name: say(key), exact: true })
        .first()
        .click()
  }
const popup = (name: string, state: Omit<ScreenState, 'name' | 'page'>): ScreenState => ({
  name: `popup-${name}`,
  page: 'popup',
  ...state,
})

const { balanceWei: _, etherWei: __, ...unknownBalance } = home
const popupScreens: readonly ScreenState[] = [
  popup('loading', {}),
  popup('absent', { told: told({ wallet: { status: 'absent' } }) }),
  popup('locked', { told: told({ wallet: { ...wallet, status: 'locked' } }) }),
  popup('locked-wrong-password', {
    told: told({ wallet: { ...wallet, status: 'locked' } }),
    answers: { 'wallet-unlock': { code: 'password-wrong' } },
    lead: async (page, say) => {
      await page.getByLabel(say('password'), { exact: true }).fill('guess guess guess')
      await press('unlock')(page, say)
      await page.locator('[aria-invalid=true]').waitFor()
    },
  }),
  popup('home', { told: told() }),
  popup('home-playing', {
    told: told({ purchases: [purchaseOf('01', { state: 'playing' }), ...purchases.slice(1)] }),
  }),
  popup('home-stop', {
    told: told({ purchases: [purchaseOf('01', { state: 'playing' })] }),
    lead: press('stop'),
  }),
  popup('home-empty', { told: told(nothingYet, { transfers: [] }) }),
  popup('home-no-money', { told: told({ ...nothingYet, balanceWei: 0n, etherWei: 0n }, { transfers: [] }) }),
  popup('home-asking-the-chain', {
    told: { ...told(), home: unknownBalance },
  }),
  popup('home-offline', { told: { ...told(), home: { ...unknownBalance, chainReachable: false } } }),
  popup('home-other-chain', { told: told({ ...nothingYet, hasParatii: false, balanceWei: 0n }) }),
  popup('home-not-backed-up', {
    told: told({ wallet: { ...wallet, settings: { ...wallet.settings, isBackedUp: false } } }),
  }),
  popup('home-reorganised', {
    told: told(
      { purchases: [purchaseOf('01', { isUndone: true })] },
      { transfers: transfers.slice(0, 1).map(transfer => ({ ...transfer, isUndone: true })) },
    ),
    lead: async page => {
      for (const entry of await page.locator('details.entry').all()) await entry.locator('summary').click()
    },
  }),
  popup('home-earning', {
    told: told({}, { earning: { attention: taking, viewings: [viewing] } }),
  }),
  popup('bids-off', { told: told(), lead: press('bids') }),
  ...(['found', 'none'] as const).map(state =>
    popup(`bids-${state}`, {
      told: told({}, { earning: { attention: taking, viewings: [] } }),
      answers: {
        'bids-look': {
          value: {
            bids: (state === 'none' ? [] : [bid]).map(one => ({ ...one, rateWei: one.rateWei.toString() })),
          },
        },
      },
      lead: press('bids', 'bidsLook'),
    }),
  ),
  popup('held', { told: told(), lead: press('held') }),
  popup('held-close', { told: told(), lead: press('held', 'close') }),
  popup('held-empty', { told: told(nothingYet), lead: press('held') }),
  popup('sites', { told: told(), lead: press('sites') }),
  popup('sites-empty', { told: told(nothingYet), lead: press('sites') }),
  popup('site', {
    told: told(),
    lead: async (page, say) => {
      await press('sites')(page, say)
      await page.getByRole('button', { name: 'films.example' }).click()
    },
  }),
  popup('settings', { told: told(), lead: press('settings') }),
  popup('settings-error', {
    told: told(),
    lead: async (page, say) => {
      await press('settings')(page, say)
      await page.getByLabel(say('budgetVideo')).fill('much')
      await press('save')(page, say)
    },
  }),
  popup('phrase', { told: told(), lead: press('settings', 'backup') }),
  popup('phrase-words', {
    told: told(),
    answers: { 'wallet-reveal': { value: { phrase: `${'test '.repeat(11)}junk` } } },
    lead: async (page, say) => {
      await press('settings', 'backup')(page, say)
      await page.getByLabel(say('password'), { exact: true }).fill('correct horse battery')
      await press('phraseReveal')(page, say)
      await page.getByTestId('phrase-word').first().waitFor()
    },
  }),
  popup('accounts', { told: told(), lead: press('settings', 'accounts') }),
  popup('networks', { told: told(), lead: press('settings', 'network') }),
  popup('network-add', { told: told(), lead: press('settings', 'network', 'networkAdd') }),
  popup('receive', { told: told(), lead: press('receive') }),
  popup('send', { told: told(), lead: press('send') }),
  popup('send-wrong', { told: told(), lead: press('send', 'continue') }),
  ...(['check', 'needs-ether'] as const).map(state =>
    popup(`send-${state}`, {
      told: told(state === 'check' ? {} : { etherWei: 0n }),
      answers: { 'send-quote': { value: { feeWei: '21000000000000', willFail: false } } },
      lead: async (page, say) => {
        await press('send')(page, say)
        await page.getByLabel(say('sendTo')).fill(addressOf('55'))
        await page.getByLabel(say('amount')).fill('1.5')
        await press('continue')(page, say)
        await page.getByRole('heading', { name: say('sendCheck') }).waitFor()
      },
    }),
  ),
]

type Unheaded = Approval extends infer A
  ? A extends Approval
    ? Omit<A, 'id' | 'origin' | 'account'>
    : never
  : never
const asks: Readonly<Record<string, Unheaded>> = {
  connect: { asks: 'connect', warnings: [] },
  read: { asks: 'allow', what: 'paratii_ipfs', warnings: [] },
  control: { asks: 'allow', what: 'paratii_player', warnings: [] },
  message: { asks: 'message', message: 'Good morning.\nThis is what you sign.', warnings: ['other-site'] },
  typed: {
    asks: 'typed',
    primaryType: 'Permit',
    application: 'A shop',
    contract: addressOf('dd'),
    fields: [
      { path: 'spender', value: addressOf('66') },
      { path: 'value', value: '1000000' },
    ],
    warnings: ['moves-money'],
  },
  transaction: {
    asks: 'transaction',
    to: addressOf('dd'),
    valueWei: 0n,
    feeWei: 10n ** 15n,
    meaning: { does: 'approve', spender: addressOf('66'), amount: 2n ** 255n },
    isPti: true,
    warnings: ['unlimited', 'will-fail'],
  },
  network: {
    asks: 'network',
    name: 'Elsewhere',
    chainId: 5,
    rpcUrl: 'https://rpc.elsewhere.example',
    isNew: true,
    warnings: [],
  },
}
const approvalScreens = Object.entries(asks).map(([name, asked]) =>
  popup(`approve-${name}`, {
    told: told(
      {},
      {
        approvals: [
          { ...asked, id: '0'.repeat(32), origin: 'https://dapp.example', account: wallet.address },
        ],
      },
    ),
    lead: page => page.locator('[data-testid=approval-yes]:enabled').waitFor(),
  }),
)

const absent = { 'wallet-state': { value: { status: 'absent' } } }
const onboarding = (name: string, lead?: ScreenState['lead'], answers = absent): ScreenState => ({
  name: `onboarding-${name}`,
  page: 'onboarding',
  answers,
  ...(lead === undefined ? {} : { lead }),
})
const bring: NonNullable<ScreenState['lead']> = async (page, say) => {
  await press('importWallet')(page, say)
  await page.getByLabel(say('phraseLabel')).fill(`${'test '.repeat(11)}junk`)
  await press('continue')(page, say)
}
const onboardingScreens: readonly ScreenState[] = [
  onboarding('welcome'),
  onboarding('phrase', press('createWallet')),
  onboarding('confirm', press('createWallet', 'phraseReveal', 'phraseWritten')),
  onboarding('import', press('importWallet')),
  onboarding('import-wrong', async (page, say) => {
    await press('importWallet')(page, say)
    await page.getByLabel(say('phraseLabel')).fill('test test teest')
    await press('continue')(page, say)
  }),
  onboarding('password', bring),
  onboarding('password-wrong', async (page, say) => {
    await bring(page, say)
    await page.getByLabel(say('password'), { exact: true }).fill('short')
    await press('continue')(page, say)
  }),
  onboarding('network', async (page, say) => {
    await bring(page, say)
    await page.getByLabel(say('password'), { exact: true }).fill('correct horse battery')
    await page.getByLabel(say('passwordAgain')).fill('correct horse battery')
    await press('continue')(page, say)
  }),
  {
    name: 'onboarding-done',
    page: 'onboarding',
    answers: { 'wallet-state': { value: wallet } },
  },
]

const offer: Offer = {
  ticket: '0'.repeat(32),
  title: 'Harbour at dawn',
  payee: addressOf('91'),
  priceWei: (2n * pti) / 5n,
  hostsWei: pti / 10n,
  durationSeconds: 61,
  balanceWei: 12n * pti,
  site: 'https://films.example',
  isAgreed: false,
  bought: false,
}
const player = (name: string, state?: PlayerState): ScreenState => ({
  name: `player-${name}`,
  page: 'player',
  query: `?video=0x${'ab'.repeat(32)}`,
  ...(state === undefined ? {} : { told: { type: 'state', state } }),
})
const offered = (part: Partial<Offer> = {}, locked = false): PlayerState => ({
  status: 'offered',
  locked,
  offer: { ...offer, ...part },
})
const playerScreens: readonly ScreenState[] = [
  player('finding'),
  player('no-wallet', { status: 'absent' }),
  player('price', offered()),
  player('price-locked', offered({}, true)),
  player('price-too-high', offered({ balanceWei: 0n })),
  player('bought', offered({ bought: true })),
  player('buying', { status: 'buying' }),
  player('stopped', { status: 'stopped' }),
  ...(['no-hosts', 'chain-unreachable', 'budget-exhausted', 'video-unknown', 'timed-out'] as const).map(
    code => player(`failed-${code}`, { status: 'failed', failure: { code, details: {} } }),
  ),
  { ...player('nonsense'), query: '?video=none' },
]

const earner = (name: string, state: EarnerState): ScreenState => ({
  name: `earner-${name}`,
  page: 'player',
  query: '?mode=attention',
  told: { type: 'state', state },
})
const earnerScreens: readonly ScreenState[] = [
  earner('off', { status: 'off' }),
  earner('locked', { status: 'locked' }),
  earner('looking', { status: 'looking' }),
  earner('none', { status: 'none' }),
  earner('offered', { status: 'offered', bid }),
  earner('accepting', { status: 'accepting', title: bid.title }),
  earner('failed', { status: 'failed', failure: { code: 'allotment-invalid', details: {} } }),
]

/** Every screen of the wallet and the player, in every state. */
export const screenList: readonly ScreenState[] = [
  ...popupScreens,
  ...approvalScreens,
  ...onboardingScreens,
  ...playerScreens,
  ...earnerScreens,
]
