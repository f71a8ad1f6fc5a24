// Runs in the report's page, after echarts: draws its charts from the JSON element beside it.
(() => {
  const optimizers = JSON.parse(document.getElementById('chart-data').textContent);
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const axes = { step: 0, tokens: 1, seconds: 2 };
  const chosen = {};
  const hidden = new Set();
  const drawers = {
    validation: () => curves('validation'),
    training: () => curves('training'),
    sensitivity,
    time: () => bars(['modelMilliseconds', 'optimizerMilliseconds'], 'ms'),
    state: () => bars(['stateBytesPerParameter'], 'bytes'),
  };
  const charts = new Map();
  const star = 'M5,0 L6.2,3.5 L10,3.8 L7,6.1 L8.1,9.8 L5,7.6 L1.9,9.8 L3,6.1 L0,3.8 L3.8,3.5 Z';
  const cross = 'M0,1 L1,0 L5,4 L9,0 L10,1 L6,5 L10,9 L9,10 L5,6 L1,10 L0,9 L4,5 Z';

  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const colour = (optimizer) => (dark.matches ? optimizer.mark.dark : optimizer.mark.light);
  const symbol = ({ mark }) => (mark.symbol === 'star' ? `path://${star}` : mark.symbol);
  const shown = () => optimizers.filter((optimizer) => !hidden.has(optimizer.name));
  const narrow = () => window.innerWidth < 700;
  const short = (value) => String(Number(value.toPrecision(3)));

  function compact(value) {
    if (value >= 1e9) return `${short(value / 1e9)}B`;
    if (value >= 1e6) return `${short(value / 1e6)}M`;
    return value >= 1e4 ? `${short(value / 1e3)}k` : String(value);
  }

  function rate(value) {
    if (value >= 0.1 && value < 1000) return short(value);
    const [mantissa, exponent] = value.toExponential(2).split('e');
    return `${Number(mantissa)}e${exponent.replace('+', '')}`;
  }

  function axis(name, more) {
    return {
      type: 'value',
      name,
      nameLocation: 'middle',
      nameGap: 30,
      nameTextStyle: { color: style('--muted'), fontSize: 13 },
      axisLabel: { color: style('--muted'), hideOverlap: true },
      axisLine: { show: true, lineStyle: { color: style('--line') } },
      splitLine: { lineStyle: { color: style('--line'), opacity: 0.6 } },
      ...more,
    };
  }

  function frame(more) {
    return {
      animation: false,
      backgroundColor: 'transparent',
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: style('--text') },
      grid: { left: narrow() ? 48 : 60, right: 16, top: 16, bottom: 48 },
      ...more,
    };
  }

  function tooltip(more) {
    return {
      confine: true,
      backgroundColor: style('--surface'),
      borderColor: style('--line'),
      textStyle: { color: style('--text'), fontSize: 13 },
      ...more,
    };
  }

  // Tooltip content is set as an element's text: titles come from a file and are never read as HTML.
  function lines(texts) {
    const box = document.createElement('div');
    for (const text of texts) {
      const line = document.createElement('div');
      line.textContent = text;
      box.append(line);
    }
    return box;
  }

  function movingAverage(rows, width) {
    return rows.map((row, index) => {
      const reach = Math.min(Math.floor(width / 2), index, rows.length - 1 - index);
      const losses = rows.slice(index - reach, index + reach + 1).flatMap((near) => near[3] ?? []);
      const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
      return [row[0], row[1], row[2], losses.length > 0 ? mean : null];
    });
  }

  function curves(id) {
    const x = chosen[id]?.x ?? 'step';
    const column = axes[x];
    const training = id === 'training';
    const drawn = shown().map((optimizer) => ({
      optimizer,
      rows: optimizer.curve[training ? 'train' : 'validation'],
    }));
    if (optimizers.every(({ curve }) => curve.train.length + curve.validation.length === 0)) return null;
    const last = Math.max(0, ...drawn.map(({ rows }) => rows.at(-1)?.[column] ?? 0));
    const from = chosen[id]?.range === 'second half' ? last / 2 : 0;
    const series = drawn.flatMap(({ optimizer, rows }) => {
      const bold = training ? movingAverage(rows, Math.max(3, rows.length / 25)) : rows;
      const points = (some) => some.filter((row) => row[column] >= from).map((row) => [row[column], row[3]]);
      const line = {
        type: 'line',
        name: optimizer.title,
        data: points(bold),
        symbol: symbol(optimizer),
        symbolSize: 7,
        showSymbol: !training && rows.length <= 40,
        itemStyle: { color: colour(optimizer) },
        lineStyle: { width: 2 },
        emphasis: { focus: 'series' },
      };
      if (!training) return [line];
      const faint = {
        ...line,
        name: `${optimizer.title}, each step`,
        data: points(rows),
        silent: true,
        showSymbol: false,
      };
      return [{ ...faint, lineStyle: { width: 1, opacity: 0.25 }, emphasis: { disabled: true } }, line];
    });
    return frame({
      xAxis: axis(x, {
        min: from,
        max: last || 1,
        axisLabel: { color: style('--muted'), formatter: compact, hideOverlap: true },
      }),
      yAxis: axis('loss, nats a token', { scale: true, nameGap: narrow() ? 34 : 42 }),
      tooltip: tooltip({
        trigger: 'axis',
        formatter: (items) =>
          lines([
            `${x} ${compact(items[0].value[0])}`,
            ...items
              .filter((item) => !item.seriesName.endsWith(', each step') && item.value[1] !== null)
              .sort((a, b) => a.value[1] - b.value[1])
              .map((item) => `${item.seriesName}  ${item.value[1].toFixed(4)}`),
          ]),
      }),
      series,
    });
  }

  function sensitivity() {
    const losses = optimizers.flatMap((optimizer) => optimizer.sensitivity.map((point) => point.loss));
    const rates = optimizers.flatMap((optimizer) => [
      ...optimizer.sensitivity.map((point) => point.learningRate),
      ...optimizer.diverged,
    ]);
    if (rates.length === 0) return null;
    const lowest = losses.length > 0 ? Math.min(...losses) : 0;
    const furthest = losses.length > 0 ? Math.max(...losses) : 1;
    const closeUp = chosen.sensitivity?.range === 'lowest losses';
    const highest = closeUp ? lowest + (furthest - lowest) / 4 : furthest;
    const margin = (highest - lowest || 0.1) * 0.08;
    const top = highest + 2 * margin;
    const logs = rates.map(Math.log10);
    const decades = Math.max(...logs) - Math.min(...logs);
    const interval = decades <= (narrow() ? 1.5 : 4) ? 0.5 : 1;
    const series = shown().flatMap((optimizer) => [
      {
        type: 'line',
        name: optimizer.title,
        symbol: symbol(optimizer),
        itemStyle: { color: colour(optimizer) },
        lineStyle: { width: 2 },
        emphasis: { focus: 'series' },
        data: optimizer.sensitivity.map((point) => ({
          value: [Math.log10(point.learningRate), point.loss],
          symbolSize: point.best ? 14 : 8,
          itemStyle: point.best ? { borderColor: style('--text'), borderWidth: 2 } : {},
        })),
      },
      {
        type: 'scatter',
        name: `${optimizer.title} diverged`,
        symbol: `path://${cross}`,
        symbolSize: 13,
        itemStyle: { color: colour(optimizer) },
        clip: false,
        data: optimizer.diverged.map((value) => ({
          value: [Math.log10(value), top],
          symbolOffset: [beside(optimizer, value) * 16, 0],
        })),
      },
    ]);
    return frame({
      xAxis: axis('learning rate', {
        min: Math.floor((Math.min(...logs) - 0.1) / interval) * interval,
        max: Math.ceil((Math.max(...logs) + 0.1) / interval) * interval,
        interval,
        axisLabel: { color: style('--muted'), formatter: (value) => rate(10 ** value), hideOverlap: true },
      }),
      yAxis: axis('final validation loss', {
        min: lowest - margin,
        max: top,
        nameGap: narrow() ? 34 : 42,
        axisLabel: {
          color: style('--muted'),
          show: losses.length > 0,
          showMinLabel: false,
          showMaxLabel: false,
          formatter: short,
        },
      }),
      tooltip: tooltip({
        trigger: 'item',
        formatter: (item) => {
          const diverged = item.seriesType === 'scatter';
          return lines([
            diverged ? item.seriesName : `${item.seriesName}  ${item.value[1].toFixed(4)}`,
            `learning rate ${rate(10 ** item.value[0])}`,
          ]);
        },
      }),
      series,
    });
  }

  // Optimizers that diverged at the same rate stand beside each other, not on top.
  function beside(optimizer, value) {
    const same = shown().filter((other) => other.diverged.includes(value));
    return same.indexOf(optimizer) - (same.length - 1) / 2;
  }

  function bars(fields, unit) {
    const drawn = [...optimizers].filter((optimizer) => optimizer[fields[0]] !== null).reverse();
    if (drawn.length === 0) return null;
    const total = (optimizer) => fields.reduce((sum, field) => sum + (optimizer[field] ?? 0), 0);
    const series = fields.map((field, index) => ({
      type: 'bar',
      stack: 'all',
      name:
        field === 'modelMilliseconds' ? 'model' : field === 'optimizerMilliseconds' ? 'optimizer' : 'state',
      barMaxWidth: 22,
      data: drawn.map((optimizer) => ({
        value: optimizer[field] ?? 0,
        itemStyle: { color: field === 'modelMilliseconds' ? style('--model') : colour(optimizer) },
      })),
      label: {
        show: index === fields.length - 1,
        position: 'right',
        color: style('--text'),
        formatter: (item) => label(drawn[item.dataIndex]),
      },
    }));
    function label(optimizer) {
      const part = optimizer.optimizerMilliseconds;
      const share = fields.length > 1 && part !== null ? ` (${short(part)})` : '';
      return short(total(optimizer)) + share;
    }
    return frame({
      grid: { left: 84, right: fields.length > 1 ? 84 : 48, top: 8, bottom: 44 },
      xAxis: axis(unit, {}),
      yAxis: {
        type: 'category',
        data: drawn.map((optimizer) => optimizer.title),
        axisLabel: { color: style('--text') },
        axisTick: { show: false },
        axisLine: { lineStyle: { color: style('--line') } },
      },
      tooltip: tooltip({
        trigger: 'axis',
        axisPointer: { type: 'shadow' },
        formatter: (items) =>
          lines([items[0].name, ...items.map((item) => `${item.seriesName}  ${short(item.value)} ${unit}`)]),
      }),
      series,
    });
  }

  function drawLegends() {
    for (const legend of document.querySelectorAll('.legend')) {
      legend.replaceChildren(
        ...optimizers.map((optimizer) => {
          const button = document.createElement('button');
          button.type = 'button';
          button.setAttribute('aria-pressed', String(!hidden.has(optimizer.name)));
          button.title = 'Show or hide in every chart';
          button.append(swatch(optimizer), optimizer.title);
          button.addEventListener('click', () => {
            if (!hidden.delete(optimizer.name)) hidden.add(optimizer.name);
            draw();
          });
          return button;
        }),
      );
    }
  }

  const shapes = {
    circle: '<circle cx="13" cy="6" r="4.5"/>',
    emptyCircle: '<circle cx="13" cy="6" r="4" style="fill:var(--background)" stroke-width="2"/>',
    rect: '<rect x="9" y="2" width="8" height="8"/>',
    roundRect: '<rect x="8.5" y="2" width="9" height="8" rx="2.5"/>',
    triangle: '<path d="M13 1 L18 10 L8 10 Z"/>',
    diamond: '<path d="M13 0.5 L17.5 6 L13 11.5 L8.5 6 Z"/>',
    star: `<path transform="translate(7.5 0.5) scale(1.1)" d="${star}"/>`,
    arrow: '<path d="M13 1 L18 11 L13 8 L8 11 Z"/>',
  };

  function swatch(optimizer) {
    const holder = document.createElement('template');
    holder.innerHTML = `<svg viewBox="0 0 26 12" aria-hidden="true" fill="${colour(optimizer)}" stroke="${colour(optimizer)}"><path d="M0 6 H26" stroke-width="2"/>${shapes[optimizer.mark.symbol]}</svg>`;
    return holder.content.firstChild;
  }

  function drawChart(id) {
    const element = document.getElementById(id);
    if (!element) return;
    const option = drawers[id]();
    if (!option) {
      element.closest('.figure').hidden = true;
      return;
    }
    if (!charts.has(id)) charts.set(id, window.echarts.init(element, null, { renderer: 'svg' }));
    charts.get(id).setOption(option, true);
  }

  function draw() {
    drawLegends();
    for (const id of Object.keys(drawers)) drawChart(id);
  }

  for (const button of document.querySelectorAll('.switch button')) {
    button.addEventListener('click', () => {
      const { chart, ...choice } = button.dataset;
      chosen[chart] = { ...chosen[chart], ...choice };
      for (const other of button.parentElement.children)
        other.setAttribute('aria-pressed', String(other === button));
      drawChart(chart);
    });
  }
  dark.addEventListener('change', draw);
  window.addEventListener('resize', () => {
    for (const chart of charts.values()) chart.resize();
    draw();
  });
  draw();
})();
