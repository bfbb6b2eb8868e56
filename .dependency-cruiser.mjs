/**
 * The borders of docs/ARCHITECTURE.md: a room imports itself and the rooms of lower layers, never its neighbours.
 * `test/borders.test.ts` shows that this file really reads the tree and really refuses.
 */
const layers = [
  ['std'],
  ['protocol'],
  ['bridge', 'payments', 'market', 'media'],
  ['adapters', 'chain', 'network', 'wallet', 'catalog', 'paywall', 'transcode', 'daemon'],
  [
    'roles/viewer',
    'roles/publisher',
    'roles/host',
    'roles/advertiser',
    'roles/transcoder',
    'roles/operator',
    'ui',
  ],
  ['player', 'extension', 'cli'],
  ['devnet', 'popup', 'background', 'contents', 'tabs', 'npm'],
]

/** A devnet starts everything, so the command line that offers it may reach up to it, and to nothing else there. */
const exceptions = { cli: ['devnet'] }
const testFile = '\\.(test|fuzz\\.test)\\.tsx?$'

const borders = layers.flatMap((rooms, level) =>
  rooms.map(room => {
    const allowed = [room, ...layers.slice(0, level).flat(), ...(exceptions[room] ?? [])]
    return {
      name: `border-of-${room.replace('/', '-')}`,
      severity: 'error',
      comment: `${room} (L${level}) may import only itself and lower layers`,
      from: { path: `^src/${room}/`, pathNot: testFile },
      to: { path: '^src/', pathNot: `^src/(${allowed.join('|')})/` },
    }
  }),
)

export default {
  forbidden: [
    ...borders,
    {
      name: 'no-cycle',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'every-file-has-a-room',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/(${layers.flat().join('|')})/` },
      to: {},
    },
    {
      name: 'no-io-below-adapters',
      severity: 'error',
      comment: 'L0-L2 are pure: no Node built-in, no store, no network',
      from: { path: '^src/(std|protocol|bridge|payments|market|media)/', pathNot: testFile },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'published-protocol-is-pure',
      severity: 'error',
      comment: 'paratii/protocol does no I/O: nothing that it reaches does, Node built-ins and all',
      from: { path: '^src/npm/protocol\\.ts$' },
      to: {
        reachable: true,
        path: [
          '^src/(chain|network|wallet|daemon|transcode|roles|media|bridge|cli|devnet)/',
          '^src/adapters/(?!crypto-noble\\.ts$)',
          '^(node:)?(fs|net|tls|dgram|dns|http|https|http2|child_process|worker_threads|os|crypto|sqlite)(/|$)',
        ],
      },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^(react|react-dom)|webextension|\\.css$|^(data-text|url|~)' },
    },
    {
      name: 'product-without-tests',
      severity: 'error',
      from: { path: '^src/', pathNot: testFile },
      to: { path: '^(test|bench)/' },
    },
    {
      name: 'product-without-scripts',
      severity: 'error',
      comment: 'only the demo looks for programs as the scripts do',
      from: { path: '^src/', pathNot: `^src/devnet/|${testFile}` },
      to: { path: '^scripts/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^src/chain/bindings/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
}
