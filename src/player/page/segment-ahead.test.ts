import { describe, expect, it } from 'vitest'
import type { ReceivedStream } from '#bridge/stream-receiver.ts'
import { ParatiiError } from '#std/error.ts'
import { SegmentAhead } from './segment-ahead.ts'

/** A channel whose streams are answered when the test says so. */
const createChannel = () => {
  const asked: string[] = []
  const cancelled: string[] = []
  const answers = new Map<string, () => void>()
  const channel = {
    async read(path: string, range: unknown): Promise<ReceivedStream> {
      asked.push(`${path} ${JSON.stringify(range)}`)
      if (path.endsWith('/9.m4s')) throw new ParatiiError('path-unknown')
      const piece = Promise.withResolvers<Uint8Array<ArrayBuffer> | undefined>()
      let isGiven = false
      answers.set(path, () => piece.resolve(Uint8Array.of(1)))
      return {
        head: { type: 'head', size: 10, start: 0, end: 1, contentType: 'video/mp4' },
        async next() {
          const bytes = isGiven ? undefined : await piece.promise
          isGiven = true
          return bytes
        },
        giveBack() {},
        cancel: () => {
          cancelled.push(path)
          piece.resolve(undefined)
        },
      }
    },
  }
  return { asked, cancelled, answers, ahead: new SegmentAhead(channel) }
}
const settled = () => new Promise(setImmediate)

describe('the segment that comes next', () => {
  it('has its first byte asked for, which brings its first leaf, when the one before it was read', async () => {
    const { asked, answers, ahead } = createChannel()
    ahead.after('v720/1.m4s')
    ahead.after('audio/1.m4s')
    await settled()
    expect(asked).toEqual(['v720/2.m4s {"first":0,"last":0}', 'audio/2.m4s {"first":0,"last":0}'])
    answers.get('v720/2.m4s')?.()
    await settled()
    expect(ahead.take('v720/2.m4s')).toBeGreaterThanOrEqual(0)
    expect(ahead.take('audio/2.m4s')).toBeUndefined()
    expect(ahead.take('v720/2.m4s')).toBeUndefined()
  })

  it('is let go by a seek, in its rendition and no other', async () => {
    const { cancelled, ahead } = createChannel()
    ahead.after('v720/1.m4s')
    ahead.after('audio/1.m4s')
    await settled()
    expect(ahead.take('v720/7.m4s')).toBeUndefined()
    expect(cancelled).toEqual(['v720/2.m4s'])
    ahead.end()
    expect(cancelled).toEqual(['v720/2.m4s', 'audio/2.m4s'])
  })

  it('is none after the last, nor after what is no segment', async () => {
    const { asked, ahead } = createChannel()
    ahead.after('v720/8.m4s')
    for (const path of ['manifest.mpd', 'v720/init.mp4', '3.m4s.txt']) ahead.after(path)
    await settled()
    expect(asked).toHaveLength(1)
    expect(ahead.take('v720/9.m4s')).toBeUndefined()
  })
})
