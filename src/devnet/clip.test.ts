import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { probeFile } from '#transcode/probe.ts'
import { findMediaTools } from '#transcode/tools.ts'
import { makeDemoClip } from './clip.ts'

let cacheFolder: string
beforeAll(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), 'paratii-clip-'))
})
afterAll(() => rm(cacheFolder, { recursive: true, force: true }))

describe('makeDemoClip', () => {
  it('makes a 720p film with sound, once', async () => {
    const clip = await makeDemoClip({ seconds: 1, cacheFolder })
    const source = await probeFile(clip, await findMediaTools())
    expect(source).toMatchObject({
      durationSeconds: 1,
      video: { width: 1280, height: 720 },
      audio: { stream: 1 },
    })
    const { mtimeMs } = await stat(clip)
    expect(await makeDemoClip({ seconds: 1, cacheFolder })).toBe(clip)
    expect((await stat(clip)).mtimeMs).toBe(mtimeMs)
  })

  it('leaves nothing behind when it is stopped', async () => {
    const before = await readdir(cacheFolder)
    await expect(
      makeDemoClip({ seconds: 2, cacheFolder, signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: 'aborted' })
    expect(await readdir(cacheFolder)).toEqual(before)
  })
})
