import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readConfig, writeSettings } from './config.ts'
import { foldersFor } from './folders.ts'
import { settingKeys, variableOf } from './settings.ts'

let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paratii-config-'))
  file = join(folder, 'config.json')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const registry = `0x${'Ab'.repeat(20)}`

describe('readConfig', () => {
  it('takes a flag before the environment, that before the file, that before the standard', async () => {
    expect((await readConfig({ file, env: {} }))['log.level']).toBe('info')
    await writeFile(file, '{"log.level":"warn","chain.id":1}')
    expect(await readConfig({ file, env: {} })).toMatchObject({ 'log.level': 'warn', 'chain.id': 1 })
    const env = { PARATII_LOG_LEVEL: 'error', PARATII_CHAIN_ID: '2' }
    expect(await readConfig({ file, env })).toMatchObject({ 'log.level': 'error', 'chain.id': 2 })
    expect(await readConfig({ file, env, flags: { 'chain.id': '3' } })).toMatchObject({ 'chain.id': 3 })
  })

  it('gives values of their kind: lower-case addresses, amounts in base units, lists', async () => {
    const flags = {
      'chain.registry': registry,
      'publisher.minimumRelayFee': '0.5',
      'publisher.announce': '/ip4/1.2.3.4/tcp/1/ws, /dns4/a.example/tcp/2/ws',
      'host.minimumFee': '3',
      'host.publishers': `0x${'cd'.repeat(20)}`,
    }
    expect(await readConfig({ file, env: {}, flags })).toMatchObject({
      'chain.registry': registry.toLowerCase(),
      'publisher.minimumRelayFee': 5n * 10n ** 17n,
      'publisher.announce': ['/ip4/1.2.3.4/tcp/1/ws', '/dns4/a.example/tcp/2/ws'],
      'publisher.hosts': 'any',
      'host.minimumFee': 3n * 10n ** 18n,
      'host.publishers': [`0x${'cd'.repeat(20)}`],
    })
  })

  it('refuses an unknown key and a bad value, and says which and where from', async () => {
    await writeFile(file, '{"chain.rpc":"http://localhost"}')
    await expect(readConfig({ file, env: {} })).rejects.toMatchObject({
      code: 'config-malformed',
      details: { key: 'chain.rpc', source: file },
    })
    await writeFile(file, '[]')
    await expect(readConfig({ file, env: {} })).rejects.toMatchObject({ code: 'config-malformed' })
    await rm(file)
    for (const [key, text] of [
      ['chain.id', '1.5'],
      ['chain.rpcUrl', 'ftp://a'],
      ['chain.registry', '0x12'],
      ['publisher.httpPort', '65536'],
      ['publisher.listen', 'nowhere'],
      ['publisher.hosts', 'some'],
      ['host.minimumFee', '-1'],
      ['log.level', 'loud'],
    ] as const) {
      await expect(readConfig({ file, env: { [variableOf(key)]: text } })).rejects.toMatchObject({
        code: 'config-malformed',
        details: { key, source: variableOf(key) },
      })
    }
  })

  it('has one environment variable for each setting', () => {
    expect(variableOf('chain.rpcUrl')).toBe('PARATII_CHAIN_RPC_URL')
    expect(new Set(settingKeys.map(variableOf)).size).toBe(settingKeys.length)
  })
})

describe('writeSettings', () => {
  it('keeps what is there, takes out what is undefined, and is for its owner alone', async () => {
    await writeSettings(file, { 'chain.id': '7', 'log.level': 'warn' })
    await writeSettings(file, { 'log.level': undefined, 'chain.rpcUrl': 'http://127.0.0.1:1' })
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
      'chain.id': '7',
      'chain.rpcUrl': 'http://127.0.0.1:1',
    })
    expect((await stat(file)).mode & 0o777).toBe(0o600)
  })

  it('writes nothing if one of the settings is bad', async () => {
    await writeSettings(file, { 'chain.id': '7' })
    await expect(writeSettings(file, { 'chain.id': '8', 'log.level': 'loud' })).rejects.toMatchObject({
      details: { key: 'log.level' },
    })
    await expect(writeSettings(file, { 'chain.id': '8', 'log.lvl': 'info' })).rejects.toMatchObject({
      code: 'config-malformed',
    })
    expect(await readFile(file, 'utf8')).toBe('{\n  "chain.id": "7"\n}\n')
  })
})

describe('foldersFor', () => {
  it('follows XDG, ignores relative paths there, and lets one folder stand for all', () => {
    const env = { XDG_CONFIG_HOME: '/c', XDG_DATA_HOME: 'relative' }
    expect(foldersFor(undefined, env)).toMatchObject({ config: '/c/paratii' })
    expect(foldersFor(undefined, env).data).toMatch(/\.local\/share\/paratii$/)
    expect(foldersFor('/h', env)).toEqual({ config: '/h/config', data: '/h/data', cache: '/h/cache' })
  })
})
