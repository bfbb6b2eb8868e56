import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { startS3Server } from '#adapters/s3-server.stage.ts'
import { readConfig } from '#daemon/config.ts'
import { cidFromDigest } from '#protocol/cid.ts'
import { openRoleBlocks } from './role-blocks.ts'

const folder = mkdtempSync(join(tmpdir(), 'paratii-role-blocks-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const placeOf = async (text?: string) =>
  (
    await readConfig({
      file: join(folder, 'none.json'),
      env: {},
      flags: text === undefined ? {} : { 'host.blocks': text },
    })
  )['host.blocks']
const bytes = Uint8Array.of(1, 2, 3)
const cid = cidFromDigest('raw', createHash('sha256').update(bytes).digest())

describe('host.blocks', () => {
  it.each([
    ['/mnt/films', { kind: 'folder', folder: '/mnt/films' }],
    ['https://gateway.example/', { kind: 'gateway', url: 'https://gateway.example' }],
    [
      's3+https://s3.example.org/films?region=eu-1',
      { kind: 's3', endpoint: 'https://s3.example.org', bucket: 'films', prefix: '', region: 'eu-1' },
    ],
    [
      's3+http://127.0.0.1:9000/films/a/b/',
      { kind: 's3', endpoint: 'http://127.0.0.1:9000', bucket: 'films', prefix: 'a/b/', region: 'us-east-1' },
    ],
  ])('%s is a place', async (text, place) => {
    expect(await placeOf(text)).toEqual(place)
  })

  it.each([
    'films',
    'ftp://a.example',
    'https://user:secret@a.example',
    'https://a.example?x=1',
    's3+https://s3.example.org',
    's3+https://s3.example.org/B',
    's3+https://s3.example.org/films/a b',
    's3+https://s3.example.org/films?secret=1',
  ])('%s is none', async text => {
    await expect(placeOf(text)).rejects.toMatchObject({
      code: 'config-malformed',
      details: { key: 'host.blocks' },
    })
  })

  it('puts blocks where it says', async () => {
    const [own, other] = [join(folder, 'own'), join(folder, 'other')]
    await (await openRoleBlocks(await placeOf(), own, {})).put(cid, bytes)
    await (await openRoleBlocks(await placeOf(other), own, {})).put(cid, bytes)
    expect([readdirSync(own).length, readdirSync(other).length]).toEqual([2, 2])
    const s3 = await startS3Server('films', 'eu-1')
    try {
      const place = await placeOf(`s3+${s3.endpoint}/films/host?region=eu-1`)
      const env = {
        AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
      }
      await (await openRoleBlocks(place, own, env)).put(cid, bytes)
      expect([...s3.objects.keys()]).toEqual([`host/${cid}`])
      await expect(openRoleBlocks(place, own, {})).rejects.toMatchObject({ code: 'config-absent' })
    } finally {
      await s3.stop()
    }
  })
})
