import { tf, classes, O, data, same, backend } from './zz-lib.mts';
let seed = Number(process.argv[3] ?? 1); const rounds = Number(process.argv[4] ?? 60);
const rnd = () => { seed = (seed * 1664525 + 1013904223) >>> 0; return seed / 2 ** 32; };
const pick = <T,>(...a: T[]): T => a[Math.floor(rnd() * a.length)]!;
const shapes: Record<string, number[]> = { 'a/kernel': [5, 3], 'a/bias': [3], 's': [], 'c/kernel': [2, 2, 3, 4], 'b/kernel': [3, 6], empty: [0, 3], one: [1, 1] };
const names = Object.keys(shapes);
const rand = (n: number, z = 0) => Float32Array.from({ length: n }, () => rnd() < z ? 0 : (rnd() - 0.5) * 2);
const msgs = new Map<string, number>();
const say = (s: string) => { const c = msgs.get(s.slice(0,160)) ?? 0; msgs.set(s.slice(0,160), c + 1); if (c === 0) console.log(s); };
const list = Object.entries(classes);
for (let r = 0; r < rounds; r++) for (const [n, C] of list) {
  const opt: any = { learningRate: pick(0.01, 0.1) };
  if (rnd() < .4) opt.weightDecay = pick(0, 0.1), opt.weightDecayMode = pick('decoupled', 'independent', 'fixed', 'l2');
  if (rnd() < .3) opt.accumulationSteps = pick(2, 3);
  if (rnd() < .3) opt.clipGlobalNorm = pick(0.5, 1, 100);
  if (rnd() < .2) opt.clipValue = 0.3;
  if (rnd() < .3) opt.maximize = true;
  if (rnd() < .3) opt.cautious = pick('mean', 'count');
  if (rnd() < .3) opt.gradientFilter = pick<any>({ kind: 'average' }, { kind: 'window', size: 3 }, { kind: 'window', size: 2, waits: false });
  if (rnd() < .3) opt.averageDecay = 0.9;
  if (rnd() < .2) opt.recordMetrics = true;
  if (rnd() < .2) opt.skipNonFinite = true;
  if (rnd() < .4) opt.groups = [{ match: '**/bias', learningRate: 0.05, weightDecay: 0 }, { match: 'c/*', trainable: pick(true, false) }];
  if (rnd() < .3) opt.learningRate = (s: number) => 0.1 / s, opt.peakLearningRate = 0.1;
  if (rnd() < .15) opt.lazyRows = 'a/kernel';
  const first = Object.fromEntries(names.map((k) => [k, rand(shapes[k]!.reduce((a, b) => a * b, 1))]));
  const calls = 9;
  const grads = Array.from({ length: calls }, () => Object.fromEntries(names.map((k) => [k, rnd() < .15 ? null : rnd() < .1 ? new Float32Array(first[k]!.length) : rand(first[k]!.length, .2)])));
  const used = names.filter(k => rnd() < .8);
  const desc = n + ' ' + JSON.stringify(opt, (k, v) => typeof v === 'function' ? 'fn' : v);
  let made: any[] = [];
  const vars = (suffix: string) => Object.fromEntries(used.map((k) => { const init = tf.tensor(first[k]!, shapes[k]!); const v = tf.variable(init, true, k); init.dispose(); made.push(v); return [k, v]; }));
  const give = (o: any, i: number) => { const g = Object.fromEntries(used.filter(k => grads[i]![k] !== null || i % 2).map((k) => [k, grads[i]![k] === null ? null : tf.tensor(grads[i]![k]!, shapes[k]!)])); if (Object.values(g).some(Boolean)) { try { o.applyGradients(g); } finally { tf.dispose(Object.values(g).filter(Boolean) as any); } } };
  const end = () => { for (const v of made) v.dispose(); made = []; };
  const before = tf.memory().numTensors;
  try {
    let v: any = vars('');
    const o = new C(opt);
    const tune = (o: any, i: number) => { if (i === 5) o.learningRate = 0.02; };
    for (let i = 0; i < calls; i++) { tune(o, i); give(o, i); }
    const whole = data(Object.values(v));
    let avg: any; try { o.swapInAverage(); avg = data(Object.values(v)); o.swapOutAverage(); } catch (e: any) { avg = e.message; }
    if (!same(data(Object.values(v)), whole)) say('SWAP ' + desc);
    const st = await o.state(); o.dispose(); end();
    if (tf.memory().numTensors !== before) say(`LEAK ${tf.memory().numTensors - before} ` + desc);
    if (whole.flat().some((x) => !Number.isFinite(x))) say('NONFINITE ' + desc);
    // resumed
    const cut = 1 + Math.floor(rnd() * (calls - 1));
    v = vars('');
    let p = new C(opt);
    for (let i = 0; i < cut; i++) { tune(p, i); give(p, i); }
    const way = pick('state', 'json', 'file', 'weights');
    const vals = data(Object.values(v));
    const q = new C(opt);
    if (way === 'state') await q.loadState(await p.state());
    else if (way === 'json') await q.loadState(JSON.parse(JSON.stringify(await p.state())));
    else if (way === 'file') await q.loadState(O.decodeState(O.encodeState(await p.state())));
    else { const w = await p.getWeights(); await q.setWeights(w); }
    p.dispose(); end(); v = vars('');
    Object.values(v).forEach((x: any, i) => tf.tidy(() => x.assign(tf.tensor(vals[i]!, x.shape))));
    if (cut > 5) q.learningRate = 0.02;
    for (let i = cut; i < calls; i++) { tune(q, i); give(q, i); }
    if (!same(data(Object.values(v)), whole)) say(`RESUME(${way},${cut}) ` + desc + ' ' + used.filter((_, i) => !same(data(Object.values(v))[i], whole[i])));
    let avg2: any; try { q.swapInAverage(); avg2 = data(Object.values(v)); q.swapOutAverage(); } catch (e: any) { avg2 = e.message; }
    if (!same(avg, avg2)) say(`RESUMEAVG(${way},${cut}) ` + desc);
    const st2 = await q.state();
    if (Buffer.compare(O.encodeState(st), O.encodeState(st2)) !== 0) say(`STATE(${way},${cut}) ` + desc);
    q.dispose(); end();
    // float64
    const clean = { ...opt }; 
    const { clipGlobalNorm, clipValue, accumulationSteps, maximize, skipNonFinite, lazyRows, gradientFilter, cautious, averageDecay, recordMetrics, clipEpsilon, ...own } = clean;
    const f = new O.Float64Optimizer([{ rule: C.rule, options: own }], JSON.parse(JSON.stringify({ clipGlobalNorm, clipValue, accumulationSteps, maximize, skipNonFinite, lazyRows, gradientFilter, cautious, averageDecay })));
    for (const k of used) f.add({ name: k, shape: shapes[k], size: first[k]!.length, role: undefined }, first[k]);
    for (let i = 0; i < calls; i++) { if (i === 5) f.setHyperparameter('learningRate', 0.02); const g = Object.fromEntries(used.map((k) => [k, grads[i]![k]])); if (Object.values(g).some(Boolean)) f.step(g as any); }
    used.forEach((k, i) => { const x = f.value(k); const w = whole[i]!; let m = 0; for (let j = 0; j < x.length; j++) m = Math.max(m, Math.abs(x[j] - w[j]!) / (1 + Math.abs(x[j]))); if (!(m < 2e-3)) say(`F64 ${m} ${k} ` + desc); });
  } catch (e: any) { end(); if (!/cannot hold|cautious|lazyRows|updates matrices|averageDecay/.test(e.message)) say('THROW ' + e.message + ' :: ' + desc); else { const left = tf.memory().numTensors - before; if (false && left) say('LEAKT ' + left + e.message); } }
  
}
console.log('done', backend, tf.getBackend());
