import { tf, classes, O } from './zz-lib.mts';
for (const [n, C] of Object.entries(classes)) {
  const run = (lazy: any, start: number) => {
    const w = tf.variable(tf.ones([2, 2]), true, 'w' + Math.random());
    let o: any;
    try { o = new C({ learningRate: 0.01, weightDecay: 0, ...(lazy ? { lazyRows: '**' } : {}) });
    const tr: number[] = [];
    for (let s = 1; s <= 6; s++) {
      const g = tf.tensor2d([[0.3, -0.2], s >= start ? [0.3, -0.2] : [0, 0]]);
      o.applyGradients({ [w.name]: g } as any);
      tr.push(w.arraySync()[1][0]);
    }
    return tr.map((x) => +(1 - x).toPrecision(6)).map(x=>x.toPrecision(3)).join(' ');
    } catch (e: any) { return 'ERR ' + e.message.slice(0, 110); }
  };
  console.log(n.padEnd(20), 'lazy,start1:', run(true, 1), '| lazy,start3:', run(true, 3));
}
