/** Family (H5): what can be done today for somebody without a phone, said honestly. */

import { texts, useTexts } from "../language";
import { Heading, Icon } from "../ui";

const TEXTS = texts(
  {
    title: "家人", intro: "老人、孩子或不用手机的家人，不需要手机也能通行。", now: "现在就可以",
    id: "出示身份证", idText: "任何场所都可以凭身份证登记通行，不得因为没有健康码拒绝（办法第十一条）。",
    paper: "出示证明", paperText: "社区或医疗机构开具的有效证明同样有效。",
    scan: "请查验员来扫", scanText: "家人有手机但不会操作时，只需打开健康码，由查验员反向扫码。",
    counter: "到柜台代办", counterText: "带上您和家人的身份证、关系证明，到社区服务站或社区卫生服务中心，可以为家人申领并打印纸质码。",
    later: "在这一页直接管理家人的健康码，正在准备，尚未开通。开通前，请不要把家人的信息交给任何声称可以“代办”的网站。", help: "咨询 12345",
  },
  {
    title: "Family", intro: "Parents, children and anybody without a phone can pass without one.", now: "What works today",
    id: "Show the ID card", idText: "Every place must let people register with an ID card; nobody is refused for having no code (Art. 11).",
    paper: "Show a certificate", paperText: "A valid certificate of a community or a clinic counts just the same.",
    scan: "Let the inspector scan", scanText: "If they have a phone but find it hard to use, open their code once: the inspector scans it.",
    counter: "Apply at a counter", counterText: "Bring both ID cards and proof of the relation to a community station or clinic. They can apply for your relative and print a paper code.",
    later: "Keeping a relative's code on this page is being prepared and is not open yet. Until then, give your family's data to no website that offers to do it.", help: "Ask 12345",
  },
);

export function FamilyPage() {
  const t = useTexts(TEXTS);
  const ways = [["me", t.id, t.idText], ["list", t.paper, t.paperText], ["scan", t.scan, t.scanText], ["building", t.counter, t.counterText]] as const;
  return (
    <div class="page">
      <Heading>{t.title}</Heading>
      <p>{t.intro}</p>
      <h2>{t.now}</h2>
      <ul class="ways">{ways.map(([icon, title, text]) => <li class="card" key={title}><Icon name={icon} /><div><h3>{title}</h3><p>{text}</p></div></li>)}</ul>
      <p class="quiet small">{t.later}</p>
      <a class="button wide" href="tel:12345"><Icon name="phone" />{t.help}</a>
    </div>
  );
}
