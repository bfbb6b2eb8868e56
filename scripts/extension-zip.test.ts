import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { strFromU8, unzipSync } from 'fflate'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { zipExtension } from './extension-zip.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paratii-zip-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const files = { 'manifest.json': '{"name":"x","key":"abc"}', 'tabs/a.html': 'a', 'b.js': 'b' }

async function write(name: string, order: readonly string[], seconds: number): Promise<string> {
  const copy = join(folder, name)
  for (const path of order) {
    const target = join(copy, path)
    await mkdir(join(target, '..'), { recursive: true })
    await writeFile(target, files[path as keyof typeof files])
    await utimes(target, seconds, seconds)
  }
  return copy
}

it('is the same bytes whenever, and in whatever order, its files were written', async () => {
  const one = await write('one', Object.keys(files), 1_000_000_000)
  const other = await write('other', Object.keys(files).toReversed(), 1_700_000_000)
  const zip = await zipExtension(one)
  expect(Buffer.from(await zipExtension(other)).equals(Buffer.from(zip))).toBe(true)
})

it('holds every file, and a manifest without the key of unpacked copies', async () => {
  const entries = unzipSync(await zipExtension(await write('third', Object.keys(files), 1_000_000_000)))
  expect(Object.keys(entries)).toEqual(['b.js', 'manifest.json', 'tabs/a.html'])
  expect(strFromU8(entries['manifest.json'] as Uint8Array)).toBe('{"name":"x"}')
})
