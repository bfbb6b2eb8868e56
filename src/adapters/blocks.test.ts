import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Cid } from '#std/brand.ts'
import { describeBlocks } from './blocks.compliance.ts'
import { openFileBlocks } from './blocks-file.ts'
import { createMemoryBlocks } from './blocks-memory.ts'

const folder = mkdtempSync(join(tmpdir(), 'paratii-blocks-'))
let counter = 0
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describeBlocks('memory', createMemoryBlocks)
describeBlocks('files', () => openFileBlocks(join(folder, `${counter++}`)))

const cid = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy' as Cid

describe('blocks in files', () => {
  it('are there when the folder is opened again', async () => {
    const path = join(folder, 'again')
    await (await openFileBlocks(path)).put(cid, Uint8Array.of(1))
    expect((await (await openFileBlocks(path)).get(cid))?.[0]).toBe(1)
  })

  it('never show what a crash left half written, and clear it away', async () => {
    const path = join(folder, 'crashed')
    mkdirSync(join(path, 'arriving'), { recursive: true })
    writeFileSync(join(path, 'arriving', `${cid}.0`), 'half')
    const blocks = await openFileBlocks(path)
    expect(await blocks.has(cid)).toBe(false)
    expect(readdirSync(join(path, 'arriving'))).toEqual([])
  })

  it('say store-failed when the folder is gone, and leave nothing behind', async () => {
    const path = join(folder, 'gone')
    const blocks = await openFileBlocks(path)
    rmSync(path, { recursive: true })
    writeFileSync(path, 'a file where the folder was')
    await expect(blocks.put(cid, Uint8Array.of(1))).rejects.toMatchObject({ code: 'store-failed' })
    await expect(blocks.get(cid)).rejects.toMatchObject({ code: 'store-failed' })
  })
})
