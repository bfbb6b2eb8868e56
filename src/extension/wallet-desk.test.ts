import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { createManualClock } from '#adapters/clock-manual.ts'
import { cryptoNoble as crypto } from '#adapters/crypto-noble.ts'
import { createSeededRandom } from '#adapters/random-seeded.ts'
import type { Address } from '#std/brand.ts'
import { Keyring } from '#wallet/keyring.ts'
import { createArea } from './buying.stage.ts'
import { createCell } from './store.ts'
import { WalletDesk } from './wallet-desk.ts'
import { walletSchema } from './wallet-record.ts'

const phrase = `${'test '.repeat(11)}junk`
const registry = `0x${'ab'.repeat(20)}` as Address
const network = { name: 'n', chainId: 31337, rpcUrl: 'http://127.0.0.1:1', registry }
const budget = { perVideoWei: 5n, perDayWei: 20n, perMonthWei: 100n }
const password = 'correct horse'
const [cheap, dear] = [
  { n: 16, r: 8, p: 1 },
  { n: 64, r: 8, p: 1 },
]

function createDesk({ area = createArea(), cost = cheap } = {}) {
  const clock = createManualClock(0)
  let held: unknown
  const secrets = {
    read: async () => held,
    async write(value: unknown) {
      held = value
    },
    async clear() {
      held = undefined
    },
  }
  const cell = createCell(area, 'wallet', walletSchema)
  const keyring = new Keyring({ clock, crypto, secrets }, async () => 3_600_000)
  const desk = new WalletDesk({
    wallet: cell,
    keyring,
    random: createSeededRandom('wallet'),
    changed: () => undefined,
    cost,
  })
  const create = () => desk.create({ phrase, password, network, budget, isBackedUp: true })
  return { desk, create, cell, area, clock }
}

describe('the wallet', () => {
  it('is made once, unlocked, and has nothing of its phrase in storage', async () => {
    const { desk, create, area } = createDesk()
    expect(await create()).toMatchObject({ status: 'unlocked', budget, settings: { isBackedUp: true } })
    await expect(create()).rejects.toMatchObject({ code: 'wallet-exists' })
    expect(JSON.stringify(await area.get('wallet'))).not.toContain('junk')
    expect(await desk.lock()).toMatchObject({ status: 'locked' })
  })

  it('shows its phrase to whoever knows the password, and to nobody else', async () => {
    const { desk, create } = createDesk()
    await create()
    expect(await desk.reveal(password)).toBe(phrase)
    await expect(desk.reveal('another one')).rejects.toMatchObject({ code: 'password-wrong' })
  })

  it('has a new password for its phrase, and none for the phrase of another wallet', async () => {
    const { desk, create } = createDesk()
    await create()
    await desk.lock()
    const other = `${'legal winner thank year wave sausage worth useful legal winner thank yellow'}`
    await expect(desk.restore({ phrase: other, password: 'new password' })).rejects.toMatchObject({
      code: 'phrase-other',
    })
    expect(await desk.restore({ phrase, password: 'new password' })).toMatchObject({ status: 'unlocked' })
    await desk.lock()
    await expect(desk.unlock(password)).rejects.toMatchObject({ code: 'password-wrong' })
    expect(await desk.unlock('new password')).toMatchObject({ status: 'unlocked' })
  })

  it('seals what was sealed when guesses were cheap anew, once it is unlocked', async () => {
    const first = createDesk()
    await first.create()
    const second = createDesk({ area: first.area, cost: dear })
    await expect(second.desk.unlock('wrong password')).rejects.toMatchObject({ code: 'password-wrong' })
    expect((await second.desk.stored()).vault.kdf.n).toBe(cheap.n)
    await second.desk.unlock(password)
    expect((await second.desk.stored()).vault.kdf.n).toBe(dear.n)
    await second.desk.lock()
    expect(await second.desk.unlock(password)).toMatchObject({ status: 'unlocked' })
  })

  it('adds accounts of its phrase while it is unlocked, and uses the one that is chosen', async () => {
    const { desk, create } = createDesk()
    await create()
    const added = await desk.addAccount()
    expect(added).toMatchObject({ address: '0x70997970c51812dc3a010c7d01b50e0d17dc79c8' })
    expect(await desk.chooseAccount(0)).toMatchObject({
      address: '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266',
      accounts: [{ index: 0 }, { index: 1 }],
    })
    await expect(desk.chooseAccount(7)).rejects.toMatchObject({ code: 'not-permitted' })
    await desk.lock()
    await expect(desk.addAccount()).rejects.toMatchObject({ code: 'wallet-locked' })
  })

  it('remembers each network once, the one in use first', async () => {
    const { desk, create } = createDesk()
    await create()
    const other = { ...network, chainId: 11_155_111, name: 'sepolia' }
    await desk.setNetwork(other)
    const again = { ...network, rpcUrl: 'http://127.0.0.1:2' }
    expect(await desk.setNetwork(again)).toMatchObject({ network: again, networks: [again, other] })
  })

  it('is read from its first format, with a budget no looser than it was', async () => {
    const { desk, create, cell, area } = createDesk()
    await create()
    const { vault, account } = await desk.stored()
    const old = { vault, account, network, budget: { perVideoWei: '5', perDayWei: '20' } }
    await area.set({ wallet: old })
    expect(await cell.read()).toMatchObject({ version: 2, accounts: [account], budget: { perMonthWei: 20n } })
    expect(await desk.unlock(password)).toMatchObject({ status: 'unlocked' })
  })

  it('is not touched when it is of a newer format', async () => {
    const { desk, create, area } = createDesk()
    await create()
    const stored = v.parse(v.looseObject({}), (await area.get('wallet')).wallet)
    await area.set({ wallet: { ...stored, version: 3 } })
    await expect(desk.state()).rejects.toMatchObject({ code: 'store-failed' })
    await expect(create()).rejects.toMatchObject({ code: 'store-failed' })
  })
})
