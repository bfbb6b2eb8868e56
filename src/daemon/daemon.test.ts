import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { computeAddress, hexlify, Wallet } from 'ethers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ParatiiError } from '#std/error.ts'
import { lockFolder } from './folder-lock.ts'
import { startHealthServer } from './health.ts'
import { createKeyFile, openKeyFile } from './key-file.ts'
import { createLog } from './log.ts'
import { findPassword } from './password.ts'
import { Shutdown } from './shutdown.ts'

let folder: string
const at = (name: string) => join(folder, name)
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paratii-daemon-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('a key file', () => {
  const password = 'correct horse'

  it('gives the same two keys back to its password, and to nobody else', async () => {
    const made = await createKeyFile(at('keys/a.json'), password)
    expect(await openKeyFile(at('keys/a.json'), password)).toEqual(made)
    expect(made.walletKey).toHaveLength(32)
    expect(made.nodeKey).not.toEqual(made.walletKey)
    expect(computeAddress(hexlify(made.walletKey)).toLowerCase()).toBe(made.address)
    await expect(openKeyFile(at('keys/a.json'), 'wrong')).rejects.toMatchObject({ code: 'password-wrong' })
  })

  it('is readable by its owner alone, and by other wallets of Ethereum', async () => {
    expect((await stat(at('keys/a.json'))).mode & 0o777).toBe(0o600)
    expect(await readdir(at('keys'))).toEqual(['a.json'])
    const { address } = await openKeyFile(at('keys/a.json'), password)
    const wallet = Wallet.fromEncryptedJsonSync(await readFile(at('keys/a.json'), 'utf8'), password)
    expect(wallet.address.toLowerCase()).toBe(address)
  })

  it('is never written over, nor made under a password that anyone guesses', async () => {
    const before = await readFile(at('keys/a.json'))
    await expect(createKeyFile(at('keys/a.json'), password)).rejects.toMatchObject({ code: 'config-exists' })
    expect(await readFile(at('keys/a.json'))).toEqual(before)
    await expect(createKeyFile(at('keys/b.json'), 'short')).rejects.toMatchObject({ code: 'usage-invalid' })
    expect(await readdir(at('keys'))).toEqual(['a.json'])
  })

  it('says what is wrong with it when it is absent or something else', async () => {
    await writeFile(at('words'), 'words')
    await expect(openKeyFile(at('nowhere'), password)).rejects.toMatchObject({ code: 'config-absent' })
    await expect(openKeyFile(at('words'), password)).rejects.toMatchObject({ code: 'config-malformed' })
  })
})

describe('findPassword', () => {
  it('reads the first line of a file descriptor before the environment', async () => {
    await writeFile(at('password'), 'from a file\nnot this')
    await using file = await open(at('password'))
    const env = { PARATII_PASSWORD: 'from the environment' }
    expect(await findPassword({ fd: file.fd, env }, 'Password', false)).toBe('from a file')
    expect(await findPassword({ env }, 'Password', false)).toBe('from the environment')
  })

  it('says how to give one where nobody can be asked', async () => {
    await expect(findPassword({ env: {} }, 'Password', false)).rejects.toMatchObject({
      code: 'usage-invalid',
      details: { advice: expect.stringContaining('PARATII_PASSWORD') },
    })
    await expect(findPassword({ fd: 9999, env: {} }, 'Password', false)).rejects.toMatchObject({
      code: 'usage-invalid',
    })
  })
})

describe('lockFolder', () => {
  it('lets one in at a time, for each purpose', () => {
    const lock = lockFolder(at('locked'), 'serve')
    expect(() => lockFolder(at('locked'), 'serve')).toThrow(
      expect.objectContaining({ code: 'folder-in-use' }),
    )
    lockFolder(at('locked'), 'publish').release()
    lock.release()
    lockFolder(at('locked'), 'serve').release()
  })

  it('is free again once the process that held it was killed', async () => {
    const script = `import { ParatiiError } from '#std/error.ts'
import { lockFolder } from '${join(import.meta.dirname, 'folder-lock.ts')}'
      lockFolder(process.argv[1], 'serve'); console.log('held'); setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script, at('locked')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    expect(() => lockFolder(at('locked'), 'serve')).toThrow(
      expect.objectContaining({ code: 'folder-in-use' }),
    )
    child.kill('SIGKILL')
    await once(child, 'exit')
    lockFolder(at('locked'), 'serve').release()
  })
})

describe('the health server', () => {
  it('says that it lives, and whether it is ready', async () => {
    let isReady = false
    const checkReadiness = async () => {
      if (!isReady) throw new ParatiiError('chain-unreachable')
    }
    const server = await startHealthServer({ host: '127.0.0.1', port: 0, checkReadiness })
    const get = async (path: string, method = 'GET') => {
      const response = await fetch(server.url + path, { method })
      return [response.status, await response.json()]
    }
    expect(await get('/healthz')).toEqual([200, { status: 'ok' }])
    expect(await get('/readyz')).toEqual([503, { status: 'not ready', reason: 'chain-unreachable' }])
    isReady = true
    expect(await get('/readyz')).toEqual([200, { status: 'ready' }])
    expect((await get('/other'))[0]).toBe(404)
    expect((await get('/healthz', 'POST'))[0]).toBe(405)
    const { port } = new URL(server.url)
    const taken = startHealthServer({ host: '127.0.0.1', port: Number(port), checkReadiness })
    await expect(taken).rejects.toMatchObject({ code: 'store-failed' })
    await server.close()
    await expect(fetch(server.url)).rejects.toThrow()
  })
})

describe('Shutdown', () => {
  it('closes the newest first, all of them, and says whether all went well', async () => {
    const closed: string[] = []
    const failures: string[] = []
    const shutdown = new Shutdown({ closeWithinMs: 50, onError: name => failures.push(name) })
    shutdown.add('store', () => void closed.push('store'))
    shutdown.add('broken', () => Promise.reject(new Error('no')))
    shutdown.add('stuck', () => new Promise(() => {}))
    shutdown.add('server', async () => void closed.push('server'))
    expect(await shutdown.close()).toBe(false)
    expect(closed).toEqual(['server', 'store'])
    expect(failures).toEqual(['stuck', 'broken'])
    expect(await shutdown.close()).toBe(true)
  })

  it('is asked for by a signal, and a second one does not wait', async () => {
    let left = 0
    const shutdown = new Shutdown({ leave: () => left++ })
    process.emit('SIGTERM', 'SIGTERM')
    await shutdown.requested()
    expect(shutdown.signal.aborted).toBe(true)
    process.emit('SIGINT', 'SIGINT')
    expect(left).toBe(1)
    await shutdown.close()
    expect(process.listenerCount('SIGTERM')).toBe(0)
  })
})

describe('the log', () => {
  it('never writes what is secret', () => {
    const lines: string[] = []
    const log = createLog('info', { write: line => void lines.push(line) })
    log.info({ password: 'p', account: { nodeKey: 'k', address: '0x1' } }, 'opened')
    log.debug('quiet')
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'info',
      msg: 'opened',
      password: '[secret]',
      account: { nodeKey: '[secret]', address: '0x1' },
    })
  })
})
