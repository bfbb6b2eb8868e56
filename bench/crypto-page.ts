import { cryptoNoble } from '#adapters/crypto-noble.ts'
import { measureCrypto } from './crypto-run.ts'

Object.assign(globalThis, { measure: (milliseconds: number) => measureCrypto(cryptoNoble, milliseconds) })
