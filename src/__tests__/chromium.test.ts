import { findChromium, PACKED_CHROMIUM } from './chromium'
import type { Machine } from './chromium'

const LOADER = '/lib64/ld-linux-x86-64.so.2'

/** A machine with these files on it. */
function machine(platform: NodeJS.Platform, env: NodeJS.ProcessEnv, files: string[], arch = 'x64'): Machine {
  return { platform, arch, env, exists: (path) => files.includes(path) }
}

describe('the browser for the tests', () => {
  const mac = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'
  const own = '/Users/al/Applications/Chromium.app/Contents/MacOS/Chromium'
  const windows = 'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe'
  const edge = 'C:\\Users\\al\\AppData\\Local\\Microsoft\\Edge\\Application\\msedge.exe'
  const path = { PATH: '/usr/local/bin:/usr/bin' }

  it.each([
    ['CHROMIUM_PATH names', machine('linux', { ...path, CHROMIUM_PATH: '/my' }, ['/my', '/usr/bin/chromium']), '/my'],
    ['is in the PATH of Linux', machine('linux', path, ['/usr/bin/chromium', LOADER]), '/usr/bin/chromium'],
    [
      'is in the PATH of Linux on arm64',
      machine('linux', path, ['/usr/bin/google-chrome'], 'arm64'),
      '/usr/bin/google-chrome'
    ],
    ['is installed on macOS', machine('darwin', { HOME: '/Users/al' }, [mac, own], 'arm64'), mac],
    ['one person installed on macOS', machine('darwin', { HOME: '/Users/al' }, [own]), own],
    [
      'is installed on Windows',
      machine('win32', { 'PROGRAMFILES(X86)': 'C:\\Program Files (x86)' }, [windows]),
      windows
    ],
    [
      'one person installed on Windows',
      machine('win32', { LOCALAPPDATA: 'C:\\Users\\al\\AppData\\Local' }, [edge]),
      edge
    ],
    ['npm brought for Linux', machine('linux', path, [LOADER]), PACKED_CHROMIUM]
  ])('is the one that %s', (_where, on, found) => {
    expect(findChromium(on)).toBe(found)
  })

  it.each([
    ['Linux on arm64', machine('linux', path, [LOADER], 'arm64')],
    ['Linux with another C library than glibc', machine('linux', path, [])],
    ['macOS', machine('darwin', { HOME: '/Users/al' }, [])],
    ['Windows', machine('win32', {}, [])]
  ])('is asked for on %s where none is installed', (_where, on) => {
    expect(() => findChromium(on)).toThrow(/^There is no Chromium .* Install .* CHROMIUM_PATH\.$/)
  })

  it('is asked for where CHROMIUM_PATH names nothing', () => {
    expect(() => findChromium(machine('linux', { ...path, CHROMIUM_PATH: '/typo' }, [LOADER]))).toThrow(
      'CHROMIUM_PATH names /typo, where there is nothing. Correct it, or unset it.'
    )
  })
})
