import type { PeerId } from '@libp2p/interface'
import { describe, expect, it } from 'vitest'
import type { MailHold } from './mail-hold.ts'
import type { PubsubNode } from './pubsub.ts'
import { RelayPusher } from './relay-pusher.ts'

const peer = { toString: () => 'peer' } as unknown as PeerId

/** A pusher to a peer that cannot be dialled, for the reason that `fail` gives. */
const createPusher = (fail: () => Error) => {
  const stage = { dials: 0, slept: [] as number[], faults: 0 }
  const node = {
    async dialProtocol() {
      stage.dials++
      throw fail()
    },
  } as unknown as PubsubNode
  const pusher = new RelayPusher({
    node,
    hold: { list: () => ['name'] } as unknown as MailHold,
    clock: { sleep: async ms => void stage.slept.push(ms) },
    onGot: async () => undefined,
    onFault: () => void stage.faults++,
  })
  return { pusher, stage }
}

describe('what is brought to another relay', () => {
  it('is tried again where the way there breaks, later each time, and then left to the next sweep', async () => {
    const { pusher, stage } = createPusher(() => new Error('connection reset'))
    pusher.push(peer, ['topic'])
    await expect.poll(() => stage.dials).toBe(3)
    expect(stage.slept).toEqual([500, 1000])
    pusher.push(peer, ['topic'])
    await expect.poll(() => stage.dials).toBe(6)
  })

  it('is not tried again with a peer that carries no mail', async () => {
    const { pusher, stage } = createPusher(() =>
      Object.assign(new Error('no'), { name: 'UnsupportedProtocolError' }),
    )
    pusher.push(peer, ['topic'])
    await expect.poll(() => stage.dials).toBe(1)
    await new Promise(setImmediate)
    expect(stage).toMatchObject({ dials: 1, slept: [] })
  })
})
