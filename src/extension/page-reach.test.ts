import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { createSeededRandom } from '#adapters/random-seeded.ts'
import type { PlayerUpdate } from '#bridge/contract.ts'
import type { Asked, SiteRule } from '#bridge/shapes.ts'
import { Approvals } from './approvals.ts'
import { addressOf } from './buying.stage.ts'
import { PageReach } from './page-reach.ts'
import { PlayerControls } from './player-controls.ts'
import { providerErrorOf, userRejected } from './provider-error.ts'
import { SitePermissions } from './site-permissions.ts'
import type { StoredWallet } from './wallet-record.ts'

const site = 'https://dapp.example'
const element = 'ab'.repeat(16)
const cid = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'
const media = { isPaused: true, isMuted: false, currentSeconds: 3, durationSeconds: 60 }

function createStage() {
  const rules: Record<string, SiteRule> = {}
  const random = createSeededRandom('reach')
  const approvals = new Approvals({ random, show: () => undefined, changed: () => undefined })
  const sites = {
    get: async (origin: string | undefined) => rules[origin ?? ''] ?? {},
    async set(origin: string, change: (rule: SiteRule) => SiteRule) {
      rules[origin] = change(rules[origin] ?? {})
    },
  }
  const permissions = new SitePermissions({ sites, approvals })
  const controls = new PlayerControls(random)
  const read: unknown[] = []
  const reach = new PageReach({
    permissions,
    place: {
      async read(message, schema) {
        if (message.type === 'read-free') read.push(message.asked)
        return v.parse(schema, { bytes: new Uint8Array(600_000).fill(65), size: 600_000 })
      },
    },
    control: (origin, tag, control) => controls.control(origin, tag, control),
  })
  const wallet = { account: { index: 0, address: addressOf('aa') }, network: {} } as unknown as StoredWallet
  const answerNext = async (isYes: boolean) => {
    await expect.poll(() => approvals.list().length).toBe(1)
    const [approval] = approvals.list()
    if (approval !== undefined) approvals.answer(approval.id, isYes)
    return approval
  }
  const ask = (what: 'read' | 'control', param: unknown, origin = site) => {
    const answer = reach[what]({ origin, params: [param], wallet })
    answer.catch(() => undefined)
    return answer
  }
  return { rules, approvals, permissions, controls, read, ask, answerNext }
}

const codeOf = (answer: Promise<unknown>) =>
  answer.then(
    () => undefined,
    thrown => providerErrorOf(thrown).code,
  )

describe('what a page reads through the wallet', () => {
  it('is read only after a yes, which is remembered, and no more once it is taken back', async () => {
    const { ask, answerNext, read, permissions, approvals } = createStage()
    const refused = ask('read', { cid })
    expect(await answerNext(false)).toMatchObject({ asks: 'allow', what: 'paratii_ipfs', origin: site })
    expect(await codeOf(refused)).toBe(userRejected().code)
    expect(read).toEqual([])
    const allowed = ask('read', { cid })
    await answerNext(true)
    const { bytes, size } = (await allowed) as { bytes: string; size: number }
    expect([size, atob(bytes).length]).toEqual([600_000, 524_288])
    await ask('read', { cid, path: ['a'], offset: 5 })
    expect(read).toEqual([
      { cid, path: [], offset: 0 },
      { cid, path: ['a'], offset: 5 },
    ])
    expect(await permissions.list(site)).toMatchObject([{ parentCapability: 'paratii_ipfs' }])
    await permissions.revoke(site, { paratii_ipfs: {} })
    expect(await permissions.list(site)).toEqual([])
    void ask('read', { cid })
    await expect.poll(() => approvals.list().length).toBe(1)
    expect(read).toHaveLength(2)
  })

  it.each([
    [undefined],
    [{}],
    [{ cid: '' }],
    [{ cid, path: 'a/b' }],
    [{ cid, offset: -1 }],
    [{ cid: 'b'.repeat(201) }],
  ])('is nothing, and nobody is asked, where it makes no sense: %j', async param => {
    const { ask, approvals } = createStage()
    expect(await codeOf(ask('read', param))).toBe(-32602)
    expect(approvals.list()).toEqual([])
  })
})

describe('a player that a page steers', () => {
  const asked = { element } as Asked
  const place = { origin: site, isDirect: true }

  it('is steered by the site it stands in, and answers how it stands', async () => {
    const { rules, controls, ask } = createStage()
    rules[site] = { mayControl: true }
    rules['https://other.example'] = { mayControl: true }
    const sent: PlayerUpdate[] = []
    const closing = new AbortController()
    controls.note(
      asked,
      place,
      update => {
        sent.push(update)
        if (update.type === 'control') controls.answered(update.id, media)
      },
      closing.signal,
    )
    expect(await ask('control', { element, control: { action: 'seek', seconds: 3 } })).toEqual(media)
    expect(sent).toMatchObject([{ type: 'control', control: { action: 'seek', seconds: 3 } }])
    const state = { element, control: { action: 'state' } }
    expect(await codeOf(ask('control', state, 'https://other.example'))).toBe(-32000)
    closing.abort()
    expect(await codeOf(ask('control', state))).toBe(-32000)
    expect(sent).toHaveLength(1)
  })

  it('is asked about by a question of its own, not by that for reading', async () => {
    const { rules, ask, answerNext, controls } = createStage()
    rules[site] = { mayRead: true, isConnected: true }
    controls.note(asked, place, () => undefined, new AbortController().signal)
    const answer = ask('control', { element, control: { action: 'play' } })
    expect(await answerNext(false)).toMatchObject({ what: 'paratii_player' })
    expect(await codeOf(answer)).toBe(4001)
  })

  it.each([
    [{ control: { action: 'play' } }],
    [{ element, control: { action: 'buy' } }],
    [{ element, control: { action: 'seek' } }],
  ])('does nothing that it does not know: %j', async param => {
    expect(await codeOf(createStage().ask('control', param))).toBe(-32602)
  })
})
