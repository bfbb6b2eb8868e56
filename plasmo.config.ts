/**
 * The typed source of the extension's manifest and of the bundles that Plasmo does not make itself. Plasmo reads
 * neither: `node scripts/build-extension.ts` writes the manifest into package.json and runs the bundles.
 */

type Manifest = Readonly<Record<string, unknown>>

/** A file that esbuild makes from one entry. `format` iife: a classic script, `esm`: a module. */
type Bundle = { readonly entry: string; readonly outfile: string; readonly format: 'iife' | 'esm' }

/** A file copied as it is, or with what it would load from the network cut out of it. */
type Copy = { readonly from: string; readonly to: string; readonly withoutRemoteFonts?: boolean }

/** Where the built extension lies. */
export const extensionFolder = 'build/chrome-mv3-prod'
/** Where the tag for sites lies, `paratii-player.js`. */
export const tagFolder = 'build/player'

/** What is added to, or set over, the manifest that Plasmo writes. */
export const manifest: Manifest = {
  name: '__MSG_extensionName__',
  description: '__MSG_extensionDescription__',
  default_locale: 'en',
  // The public half of a key whose private half was never kept: an unpacked copy has the same id everywhere.
  key: 'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA4Wit5fzkR8wxEKkKUte6Zooy7O78QoudmVwMzEs1onDLQP7DKVUU9syA8I3myY9EkTdj52gMNmWEKwnD2LTyIRqaqJe80XxRDkPCxObpZugkvoOgyfwnNZA+LT8tbNaWMbc+pgObHEWjOzRU6y+m56Spfv9vAtC39q3tA9HDJP4xtts/5iBSgktH4by/+PVZ/3jcfLI6qW9tLk7O7wvh3Dt0aBmoW1hwzWIA/2cY2XCpWw/rRW8abOznwHIj0coQYc9UT75uHQb5F8cGj83xuKiC6wRWdcU/DN40ZJvTWl1UNsFGudXg+wOEQIMSIZvCBdt1pKOs0gM3ApJf+lgUOQIDAQAB',
  minimum_chrome_version: '128',
  // storage: vault, network, purchases. offscreen: the page that holds the node. alarms: locks an idle wallet. Hosts and the chain answer any
  // origin (CORS), so no host permission is asked for.
  permissions: ['storage', 'offscreen', 'alarms'],
  web_accessible_resources: [{ resources: ['tabs/player.html'], matches: ['<all_urls>'] }],
  content_security_policy: {
    extension_pages: "script-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'",
  },
}

/** Content scripts that Plasmo does not make, added to the manifest it wrote. */
export const pageScripts: readonly Manifest[] = [
  { matches: ['<all_urls>'], js: ['provider.js'], run_at: 'document_start', world: 'MAIN' },
]

/**
 * For Plasmo's bundler, which takes a package whose `engines` name Node for a Node program, and leaves every
 * dependency out of it, unless the package names browsers, too.
 */
export const browserslist = [`Chrome >= ${manifest.minimum_chrome_version}`]

/** libp2p and its kin do not survive Plasmo's bundler; the tag is for sites and no part of the extension. */
export const bundles: readonly Bundle[] = [
  // In place of what Plasmo made of it: a worker half as large starts with every page that plays.
  {
    entry: 'src/background/index.ts',
    outfile: `${extensionFolder}/static/background/index.js`,
    format: 'iife',
  },
  { entry: 'src/extension/node-worker.ts', outfile: `${extensionFolder}/node-worker.js`, format: 'iife' },
  { entry: 'src/extension/reader-worker.ts', outfile: `${extensionFolder}/reader-worker.js`, format: 'iife' },
  // In the page's own world, which Plasmo reaches by a permission that this does without (pageScripts).
  { entry: 'src/extension/page/provider.ts', outfile: `${extensionFolder}/provider.js`, format: 'iife' },
  { entry: 'src/player/paratii-player.ts', outfile: `${tagFolder}/paratii-player.js`, format: 'esm' },
]

/** The player's library is loaded when a video is about to play, so that the price is shown without waiting for it. */
export const copies: readonly Copy[] = [
  { from: 'assets/icon.svg', to: 'mark.svg' },
  { from: 'node_modules/shaka-player/dist/shaka-player.ui-es2021.js', to: 'vendor/shaka.js' },
  { from: 'node_modules/shaka-player/dist/controls.css', to: 'vendor/shaka.css', withoutRemoteFonts: true },
]
